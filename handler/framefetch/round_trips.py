"""What a round trip to a store is worth, in bytes: the figures of all who choose what to ask for. Pure."""

WHOLE_BYTES = 1 << 20
"""An object up to this is read through: that takes a store less time than a second question."""
GAP_BYTES = 64 << 10
"""A gap up to this between two ranges is read along: it costs less than another request."""
