"""What an image is: axes, scale, normalization; reading and writing."""
