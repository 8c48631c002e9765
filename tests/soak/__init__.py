"""Long life and load, measured: what `scripts/soak` runs in full, and the tests at a small size."""
