"""Planned, predicted tile by tile, assembled: from an image to labels."""
