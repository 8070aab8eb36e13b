"""The step in which labels are repaired and marked as reviewed."""
