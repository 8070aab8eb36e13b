"""What the keyboard alone and a screen reader need: names of controls, and a frame round the one that has the keys."""
