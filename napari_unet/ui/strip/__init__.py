"""The images: which one is worked on, how it stands, and the way to the others."""
