"""Grey values from grey values: denoising, enlarging, one channel from another."""
