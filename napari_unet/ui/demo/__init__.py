"""The demo: the whole loop by itself, and what it leaves behind."""
