"""Cells through time: objects of frames become tracks, and what a person changes about them."""
