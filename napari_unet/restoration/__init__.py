"""Denoising, enlarging, and one channel from another: learned on the image itself, or from pairs."""
