"""Movie boxes that are too long to be read as a whole: only what one picture needs is."""
