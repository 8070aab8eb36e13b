"""Live mode in the window."""
