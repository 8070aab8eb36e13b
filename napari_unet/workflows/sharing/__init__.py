"""Models for other people and other programs, and from them."""
