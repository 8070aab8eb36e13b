"""Training from scratch: base data, recipes, simulation, the base models."""
