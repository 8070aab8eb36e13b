"""Live mode: every correction is learned from within seconds, and what nobody looked at is drawn anew."""
