"""What platforms hand to a function, and what they want back: one adapter an event shape.

Each adapter is a module whose ``call(event)`` gives the `Call`. `wire` has the two forms of the dict that
platforms turn into an HTTP answer. Adapters only translate: they decide nothing.
"""
