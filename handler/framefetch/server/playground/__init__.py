"""The playground: a page on which to choose a film and a time, and to see the picture and what it cost.

The page asks the service for pictures as any client does. Listing films, telling of one and signing URLs
are for a listener that only this machine reaches, and for pages of it: a page of another site, also one that
gives its own name this machine's address, is refused.
"""

from framefetch.server.playground.site import Playground

__all__ = ["Playground"]
