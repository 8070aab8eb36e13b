"""What the outputs of a network mean: one folder a task."""
