"""The versions of everything that decides the bytes of a picture."""

from __future__ import annotations

import os

import av
import PIL

from framefetch import __version__


def versions() -> dict[str, str]:
    """By name."""
    libraries = {name: ".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libswscale")}
    return {"framefetch": __version__, "PyAV": av.__version__, "Pillow": PIL.__version__, **libraries}


def machine() -> str:
    """The architecture: decoders and scalers may round differently on another."""
    return os.uname().machine
