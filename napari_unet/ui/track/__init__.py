"""The Track step: objects through time, their lineage, and what a person mends about it."""
