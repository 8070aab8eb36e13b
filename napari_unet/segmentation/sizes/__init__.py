"""How large the objects of an image are: what the network finds at one magnification, and which of several is right."""
