"""The commands of ``framefetch``, one module each: `add_to` a parser, and `run`."""
