"""Parts of a model's record."""
