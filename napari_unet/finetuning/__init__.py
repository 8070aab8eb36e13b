"""A model adapted to corrections: material, loop, judge, verdict."""
