"""Which way to learn from examples: ways that differ in what they look at and how, held against each other."""
