"""Damaged films by the thousand: ``scripts/fuzz``. Each case is its number: it can be made again."""
