"""Labels of planes that are too large to be drawn as a whole: what is in view is, at the resolution of the screen."""
