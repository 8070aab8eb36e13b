"""Simulated images of very varied look, whose labels are exact and free."""
