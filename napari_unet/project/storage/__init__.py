"""The tables of a project file: how rows and tiles are written and read."""
