"""What a picture is encoded as, and which of them a browser gets that may have any. Pure."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What the picture is encoded as. OSS knows jpg and png."""

    JPG = "jpg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    AUTO = "auto"
    """The smallest that the caller takes; none of these has it in the end."""

    @property
    def content_type(self) -> str:
        """The media type."""
        return {"jpg": "image/jpeg", "auto": ""}.get(self.value, f"image/{self.value}")


def best_for(accept: str | None) -> Format:
    """The smallest format that an Accept header names (RFC 9110 §12.5.1); jpg, which all can, where none.

    Wildcards say nothing: browsers have sent ``image/*`` since long before these formats.
    """
    named = dict(_weighed(accept or ""))
    for form in (Format.AVIF, Format.WEBP):
        if named.get(form.content_type, 0) > 0:
            return form
    return Format.JPG


def _weighed(accept: str) -> list[tuple[str, float]]:
    """Media types with their weights; one that cannot be read is none."""
    found = []
    for part in accept.split(","):
        media, *parameters = (one.strip().lower() for one in part.split(";"))
        weights = [one[2:] for one in parameters if one.startswith("q=")]
        try:
            found.append((media, float(weights[0]) if weights else 1.0))
        except ValueError:
            continue
    return found
