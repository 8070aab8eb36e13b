"""The step in which a model learns from corrections, and what came of it."""
