"""What the Segment step says of a result, and offers: one sentence at a time, with a button."""
