"""What a fine-tuning learns from: what was reviewed, divided, and made ready."""
