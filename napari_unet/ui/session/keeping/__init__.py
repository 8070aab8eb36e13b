"""What a person did is kept as it happens: in a project, or in a recovery file."""
