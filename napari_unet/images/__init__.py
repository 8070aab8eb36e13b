"""What an image is: axes, channels, scale, normalization, and how it is looked at."""
