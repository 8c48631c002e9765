"""Whether a request was signed by one of our keys. In: a `Call`, its bucket and key, the ring, the clock.

Out: who signed and for how long it holds, None for a request without any signature, or the error that OSS
answers. Reads nothing of the object, so an answer from here never says whether there is one.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Literal, NamedTuple

from framefetch.errors import AccessDenied, InvalidAccessKeyId, InvalidSecurityToken, SignatureDoesNotMatch
from framefetch.signing.canonical import raw, shown
from framefetch.signing.claims import Claim, read

if TYPE_CHECKING:
    from framefetch.http.call import Call
    from framefetch.signing.keys import KeyPair, Keyring


class Signed(NamedTuple):
    """A signature that holds.

    Attributes:
        pair: the key pair that made it.
        kind: ``presigned`` (in the URL) or ``header``: caches treat them differently.
        version: ``v1`` or ``v4``.
        seconds_left: whole seconds until it no longer holds, 0 in its last one.
        headers: whether it holds only for requests with certain headers, beside the host.
    """

    pair: KeyPair
    kind: Literal["presigned", "header"]
    version: Literal["v1", "v4"]
    seconds_left: int
    headers: bool = False

    @property
    def access_key_id(self) -> str:
        """Who signed."""
        return self.pair.access_key_id


def verify(  # noqa: PLR0917 - the six things that a signature depends on
    call: Call, bucket: str, key: str, keyring: Keyring, region: str, now: float
) -> Signed | None:
    """Checks the signature of a request (OSS signature versions 1 and 4).

    Args:
        call: as it arrived, all its headers included.
        bucket: that the host or path names, by configuration.
        key: decoded once; ``//`` and ``.`` in it are left as they are.
        keyring: the pairs that may sign.
        region: that a V4 signature must be made for, without ``oss-``; empty accepts any.
        now: unix seconds.

    Returns:
        None where the request carries no signature; whether it may come in is the caller's to say.

    Raises:
        InvalidAuthorization: 400, see `claims.read`.
        NotImplementedHere: 400, signature version 2.
        AccessDenied: 403, incomplete, expired, not valid yet, or outside the pair's prefix.
        RequestTimeTooSkewed: 403.
        InvalidAccessKeyId: 403.
        InvalidSecurityToken: 403.
        SignatureDoesNotMatch: 403.
    """
    claim = read(call, bucket, key, region, now)
    if claim is None:
        return None
    outside = False
    for pair in _pairs(claim, keyring):
        # Compared as text: decoded base64 would also accept a signature with other padding bits.
        if hmac.compare_digest(raw(claim.signature_by(pair.secret)), raw(claim.signature)):
            if claim.ambiguous:
                hint = "With version 1 this request could be taken for another; sign it with version 4."
                raise _mismatch(claim, hint)
            if pair.opens(key):
                left = int(claim.stop - now)
                return Signed(pair, claim.kind, claim.version, left, claim.headers)
            outside = True
    if outside:
        raise AccessDenied("You do not have read permission on this object.")
    raise _mismatch(claim)


def _pairs(claim: Claim, keyring: Keyring) -> list[KeyPair]:
    """The pairs of the claim's id whose session token is the claim's."""
    named = keyring.named(claim.access_key_id)
    chosen = [pair for pair in named if _same(pair.security_token, claim.token)]
    if chosen:
        return chosen
    if named and claim.token is not None:
        raise InvalidSecurityToken
    # OSS does not know the id of a session either, when it comes without its token.
    raise InvalidAccessKeyId(extras=(("OSSAccessKeyId", claim.access_key_id),))


def _same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return hmac.compare_digest(raw(one), raw(other))


def _mismatch(claim: Claim, hint: str = "") -> SignatureDoesNotMatch:
    """The error with what OSS shows.

    The string to sign is made of the caller's own request, the configured bucket (which whoever signs must
    know) and, in V4, a hash; the secret and the right signature are not to be had from it.
    """
    return SignatureDoesNotMatch(
        hint=hint,
        extras=(
            ("OSSAccessKeyId", claim.access_key_id),
            ("SignatureProvided", shown(claim.signature)),
            ("StringToSign", shown(claim.text)),
            ("StringToSignBytes", claim.text.hex(" ").upper()),
        ),
    )
