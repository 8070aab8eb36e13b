"""What a network runs on, made ready for it, and whether that can be trusted."""
