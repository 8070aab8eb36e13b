"""Objects, each on its own."""
