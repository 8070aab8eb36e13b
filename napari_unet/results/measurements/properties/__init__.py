"""What is measured of an object: size and form, outlines, grey values, and what is around it."""
