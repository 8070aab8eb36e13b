"""What was done in a project: as a log, as a paragraph for a paper, and done again."""
