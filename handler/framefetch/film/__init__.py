"""From an object to its pictures: which way leads there, and what is known of the film already."""
