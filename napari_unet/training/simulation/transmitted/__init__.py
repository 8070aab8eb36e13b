"""Cells in transmitted light: their outlines, their optical thickness, and what microscopes make of it."""
