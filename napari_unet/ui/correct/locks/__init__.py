"""Locked objects: shown on the canvas, and kept as they are whatever goes over them."""
