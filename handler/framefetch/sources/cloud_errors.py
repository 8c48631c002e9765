"""What obstore raises, as our errors.

In: an exception, whose text is all that it tells. Out: the error that a caller is to see. Its messages, which
hold URLs, go no further.
"""

from __future__ import annotations

import re

from framefetch.errors import InvalidObjectName, SourceError
from framefetch.sources.refusals import refusal

_STATUS = re.compile(r"\n\s+inner: Status \{\s+status: (\d{3}),")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_KIND = re.compile(r"\n\s+kind: (\w+),")
_METADATA_HOSTS = ("169.254.169.254", "169.254.170.2", "metadata.google.internal")
_STANDS_FOR = {
    "FileNotFoundError": 404,
    "NotFoundError": 404,
    "PermissionDeniedError": 403,
    "UnauthenticatedError": 401,
    "PreconditionError": 412,
    # What reqwest calls its faults: of connections, of bodies that broke off.
    "Connect": 502,
    "Request": 502,
    "Timeout": 504,
    "Interrupted": 502,
    "Decode": 502,
    "Body": 502,
}
"""The client's own words, where it gives no status: the status that each stands for."""
_BAD_NAMES = ("InvalidPathError", "ValueError")


def as_ours(fault: BaseException) -> Exception:
    """What an error of obstore's means to us."""
    text = str(fault)
    head = text.split("\n", 1)[0]
    if any(host in head for host in _METADATA_HOSTS):
        return SourceError(
            hint="No credentials for the store were found; ?anonymous=true reads public buckets.",
            detail="the credentials were looked for at the cloud's metadata service",
        )
    if "External AWS credential provider" in head:
        # obstore calls it Unauthenticated; but the store refused nothing, and the next try may succeed.
        return SourceError(detail="the container's agent gave no credentials")
    name = type(fault).__name__
    if found := _STATUS.search(text):
        code = _CODE.search(text, found.end())
        word, status = code[1] if code else "", int(found[1])
        return refusal(word, status, " ".join(one for one in (word, found[1], name) if one))
    kind = _KIND.search(text)
    detail = f"{name} {kind[1]}" if kind else name
    if name in _BAD_NAMES:
        return InvalidObjectName(detail=detail)
    status = _STANDS_FOR.get(name) or _STANDS_FOR.get(kind[1] if kind else "", 0)
    return refusal("", status, detail, has_answered=False)
