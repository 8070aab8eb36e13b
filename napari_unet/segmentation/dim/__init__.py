"""Dim objects beside bright ones: seen in a second look, in which the light is spread."""
