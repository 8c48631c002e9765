"""What is in the bytes of a film, and where. Pure: nothing here ever reads a byte by itself."""
