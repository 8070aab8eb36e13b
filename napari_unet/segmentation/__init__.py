"""Tiles -> network -> probability maps -> instances -> labels, and their scores."""
