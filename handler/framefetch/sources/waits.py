"""How long connections are waited for, and how long they rest: the same for every client."""

CONNECT_S = 2.0
"""For the name, the address and the TLS handshake together."""
IDLE_S = 30.0
"""A connection that rested longer is not used again: gateways drop such without a word, and a
function that was frozen wakes up with connections that died long ago."""
