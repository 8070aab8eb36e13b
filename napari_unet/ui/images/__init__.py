"""The step in which an image is opened, and the samples."""
