"""Tracks in the formats of others."""
