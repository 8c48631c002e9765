"""All that has to do with FFmpeg but drawing: what it may open, how it reads, demuxes and decodes."""
