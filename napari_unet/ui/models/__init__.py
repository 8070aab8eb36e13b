"""The window of the models."""
