"""What the output of a network is added to: smoothed, made finer, filtered."""
