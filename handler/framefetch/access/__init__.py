"""Who may ask for what: buckets, key pairs and named styles. `grants` decides."""
