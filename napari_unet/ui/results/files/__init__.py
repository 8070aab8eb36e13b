"""Many files: a table that fills as they are segmented, and each of them opened to be corrected."""
