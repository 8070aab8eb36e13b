"""What the window knows: images, their work, the one job. No step is known here."""
