"""The step *Restore*: the image denoised, enlarged, or made into another channel, as a new image."""
