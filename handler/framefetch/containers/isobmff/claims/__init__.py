"""What a film claims, looked at before FFmpeg makes room for it."""
