"""The project of the window: saved as one paints, opened, and told of."""
