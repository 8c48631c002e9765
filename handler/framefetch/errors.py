"""Every way in which a request can fail, with what the caller is told and what the log is told.

FramefetchError
├── RequestError                  the request asks for something that is not to be had
│   ├── InvalidArgument           400  a parameter of the process string, with its EC
│   ├── InvalidRequest            400  the request as a whole
│   ├── InvalidObjectName         400
│   ├── NotImplementedHere        400  OSS knows it, framefetch does not
│   ├── InvalidAuthorization      400  a signature that cannot be read, or two of them
│   ├── InvalidDigest             400  a body that is not the one of its Content-MD5
│   ├── AccessDenied              403
│   ├── SignatureDoesNotMatch     403
│   ├── InvalidAccessKeyId        403
│   ├── InvalidSecurityToken      403
│   ├── RequestTimeTooSkewed      403
│   ├── AccessForbidden           403  a preflight request that CORS does not allow
│   ├── InvalidObjectState        403  archived: restore it first
│   ├── NoSuchKey                 404
│   ├── NoSuchBucket              404
│   ├── NoSuchStyle               404
│   ├── MethodNotAllowed          405
│   ├── FileAlreadyExists         409  where the request forbids to replace it
│   ├── PreconditionFailed        412
│   ├── ResponseTooLarge          413
│   └── TooManyRequests           429
├── FilmError                     the object is there, and no picture can be had of it
│   ├── UnsupportedFormat         400  not a video that we know
│   ├── NoVideoStream             400
│   ├── UnsupportedCodec          400  unknown codec, or encrypted
│   ├── ImageTooLarge             400  picture or index above our limits
│   └── CorruptFilm               400
├── SourceError                   502  the store answered wrongly, or not at all
│   ├── SourceChanged             503  the object changed again and again while it was read
│   └── SourceBusy                503  the store asks for patience
├── OutOfMemory                   503  other pictures have it: ask again
├── RequestTimeout                504
└── InternalError                 500

A class carries what is the same for all its instances; an instance carries a public message, a hint
that says what to change, and private detail for the log. This module imports nothing of ours.
"""

from __future__ import annotations

from typing import ClassVar


class FramefetchError(Exception):
    """Root of the tree; never raised itself.

    Args:
        message: one public sentence, as OSS's ``<Message>``.
        hint: what the caller can change, public.
        detail: for the log only; may hold what the caller must not see.
        extras: further public elements of the XML answer, in order, such as ``("Key", "a.mp4")``.
        ec: OSS's fine-grained error code, where this instance has another than its class.
        retry_after_s: seconds after which the same request may succeed.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "InternalError"
    default_ec: ClassVar[str] = ""
    default_message: ClassVar[str] = "We encountered an internal error. Please try again."
    retryable: ClassVar[bool] = False
    """Whether the same request can succeed later with nothing changed."""
    default_retry_after_s: ClassVar[int | None] = None
    max_age_s: ClassVar[int] = 0
    """For how long a cache may keep the answer."""

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        detail: str = "",
        extras: tuple[tuple[str, str], ...] = (),
        ec: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.hint = hint
        self.detail = detail
        self.extras = extras
        self.ec = ec or self.default_ec
        self.retry_after_s = self.default_retry_after_s if retry_after_s is None else retry_after_s
        super().__init__(self.message)

    def __str__(self) -> str:
        """The public message and, where there is one, the hint."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class RequestError(FramefetchError):
    """The request asks for something that is not to be had."""

    status = 400
    code = "InvalidRequest"
    default_message = "The request is not valid."


class InvalidArgument(RequestError):
    """A parameter of the process string is unknown, malformed or out of range (EC 0053-00000101…109)."""

    code = "InvalidArgument"
    default_message = "The argument is invalid."
    max_age_s = 60


class InvalidRequest(RequestError):
    """The request as a whole cannot be answered, whatever the object."""


class InvalidObjectName(RequestError):
    """The key cannot be named to the store; answering with another object is never an option."""

    code = "InvalidObjectName"
    default_message = "The specified object is not valid."


class NotImplementedHere(RequestError):
    """OSS knows this operation, framefetch does not serve it."""

    code = "NotImplemented"
    default_message = "A header or parameter you provided implies functionality that is not implemented."


class AccessDenied(RequestError):
    """The caller, or we on the caller's behalf, may not read this."""

    status = 403
    code = "AccessDenied"
    default_ec = "0003-00000001"
    default_message = "You have no right to access this object."


class InvalidAuthorization(RequestError):
    """The request's signature cannot be read, or it carries two. Never cached: a header may be to blame."""

    code = "InvalidArgument"
    default_message = "Authorization header is invalid."


class InvalidDigest(RequestError):
    """The request's body is not the one that its Content-MD5 is of."""

    code = "InvalidDigest"
    default_message = "The Content-MD5 you specified is not valid."


class SignatureDoesNotMatch(RequestError):
    """The request is not the one that was signed, or it was signed with another secret."""

    status = 403
    code = "SignatureDoesNotMatch"
    default_ec = "0002-00000040"
    default_message = (
        "The request signature we calculated does not match the signature you provided."
        " Check your key and signing method."
    )


class InvalidAccessKeyId(RequestError):
    """Nobody of this name may come in."""

    status = 403
    code = "InvalidAccessKeyId"
    default_ec = "0002-00000902"
    default_message = "The OSS Access Key Id you provided does not exist in our records."


class InvalidSecurityToken(RequestError):
    """The session token is not the one that belongs to the key."""

    status = 403
    code = "InvalidSecurityToken"
    default_ec = "0002-00000008"
    default_message = "The security token you provided is invalid."


class RequestTimeTooSkewed(RequestError):
    """The date that the request was signed with is too far from our clock."""

    status = 403
    code = "RequestTimeTooSkewed"
    default_ec = "0002-00000504"
    default_message = "The difference between the request time and the current time is too large."


class AccessForbidden(RequestError):
    """A browser asks whether a page of another origin may read, and it may not."""

    status = 403
    code = "AccessForbidden"
    default_message = "CORSResponse: This CORS request is not allowed."


class InvalidObjectState(RequestError):
    """The object is archived and has to be restored before it can be read."""

    status = 403
    code = "InvalidObjectState"
    default_message = "The operation is not valid for the object's state."
    max_age_s = 10


class NoSuchKey(RequestError):
    """There is no object of this name."""

    status = 404
    code = "NoSuchKey"
    default_ec = "0026-00000001"
    default_message = "The specified key does not exist."
    max_age_s = 10


class NoSuchBucket(RequestError):
    """There is no bucket of this name."""

    status = 404
    code = "NoSuchBucket"
    default_ec = "0015-00000101"
    default_message = "The specified bucket does not exist."
    max_age_s = 10


class NoSuchStyle(RequestError):
    """There is no style of this name."""

    status = 404
    code = "NoSuchStyle"
    default_message = "No Such Image Style."
    max_age_s = 10


class MethodNotAllowed(RequestError):
    """The method is not one that this resource answers."""

    status = 405
    code = "MethodNotAllowed"
    default_message = "The specified method is not allowed against this resource."


class FileAlreadyExists(RequestError):
    """There is an object where the picture is to be saved, and the request forbids to replace it."""

    status = 409
    code = "FileAlreadyExists"
    default_message = "The object you specified already exists and can not be overwritten."


class PreconditionFailed(RequestError):
    """If-Match or If-Unmodified-Since does not hold."""

    status = 412
    code = "PreconditionFailed"
    default_message = "At least one of the pre-conditions you specified did not hold."


class ResponseTooLarge(RequestError):
    """The picture is larger than the platform lets an answer be."""

    status = 413
    code = "ResponseTooLarge"
    default_message = "The picture is larger than this platform can return."


class TooManyRequests(RequestError):
    """The queue is full."""

    status = 429
    code = "TooManyRequests"
    default_message = "Too many requests are being answered right now."
    retryable = True
    default_retry_after_s = 1


class FilmError(FramefetchError):
    """The object is there, and no picture can be had of it."""

    status = 400
    code = "BadRequest"
    max_age_s = 60


class UnsupportedFormat(FilmError):
    """Not a video, or not in a container that we read."""

    default_message = "not supported format."


class NoVideoStream(FilmError):
    """A container that we read, with no video in it (audio and cover pictures are none)."""

    default_ec = "0053-00000004"
    default_message = "The file has no video stream."


class UnsupportedCodec(FilmError):
    """The video is in a codec that this build cannot decode, or it is encrypted."""

    default_ec = "0053-00000005"
    default_message = "The video codec is not supported."


class ImageTooLarge(FilmError):
    """The picture, or the index that leads to it, is above our limits."""

    code = "ImageTooLarge"
    default_message = "The picture is larger than the limits of this service."


class CorruptFilm(FilmError):
    """The film is damaged where the picture should be."""

    default_message = "The video is corrupt where the picture should be."


class SourceError(FramefetchError):
    """The store answered wrongly, or not at all."""

    status = 502
    code = "SourceError"
    default_message = "The object store could not be read."
    retryable = True


class SourceChanged(SourceError):
    """The object changed while it was read, and again after one restart."""

    status = 503
    code = "ServiceUnavailable"
    default_message = "The object kept changing while it was read."
    default_retry_after_s = 1


class SourceBusy(SourceError):
    """The store throttles us."""

    status = 503
    code = "ServiceUnavailable"
    default_message = "The object store asks for fewer requests."
    default_retry_after_s = 1


class OutOfMemory(FramefetchError):
    """The process had no memory left for this picture while it made others."""

    status = 503
    code = "ServiceUnavailable"
    default_message = "There was no memory left for this picture while others were made."
    retryable = True
    default_retry_after_s = 1


class RequestTimeout(FramefetchError):
    """The time that a request may take is over."""

    status = 504
    code = "RequestTimeout"
    default_message = "The picture could not be made in the time that a request may take."
    retryable = True


class InternalError(FramefetchError):
    """Our own fault; what happened is in the log under the request id."""


def classes() -> tuple[type[FramefetchError], ...]:
    """Every class that can be answered, in the order of the tree above: for the README's table."""
    found: list[type[FramefetchError]] = []

    def walk(parent: type[FramefetchError]) -> None:
        for child in parent.__subclasses__():
            found.append(child)
            walk(child)

    walk(FramefetchError)
    return tuple(one for one in found if one not in (RequestError, FilmError))
