"""The step in which a model is run on an image."""
