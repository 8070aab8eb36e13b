"""What the clock decides in a training, and how it is kept."""
