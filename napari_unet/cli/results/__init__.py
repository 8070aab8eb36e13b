"""Commands that make tables and pictures of results."""
