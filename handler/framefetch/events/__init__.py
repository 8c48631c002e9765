"""What platforms hand to a function, and what they want back: one adapter an event shape.

Each adapter is a module with two functions: ``call(event)`` gives the `Call`, ``reply(answer)`` the
dict that the platform turns into an HTTP answer. Adapters only translate: they decide nothing.
"""
