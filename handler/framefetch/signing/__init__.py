"""OSS signatures V1 and V4, verified and made; presigned URL and Authorization header.

In: a `Call`, the bucket and the decoded key that it names, the keys, and the clock's seconds. Out: who
signed it and for how long it holds, or the error that OSS would answer. Pure: no clock, no environment, no
network, nothing beyond the standard library; a secret never enters a message or a repr.
"""

from framefetch.signing.keys import KeyPair, Keyring
from framefetch.signing.presign import authorization, presign
from framefetch.signing.verify import Signed, verify

__all__ = ["KeyPair", "Keyring", "Signed", "authorization", "presign", "verify"]
