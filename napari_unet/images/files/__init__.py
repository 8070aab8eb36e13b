"""Images and labels as files: what they hold, and how they are written."""
