"""Files that try to make a reader open something else, take much, or fall over."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.films import boxes

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary.mp4"
"""A good film that no file here may lead to."""
NO_VIDEO = "0053-00000004"


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


FTYP = box(b"ftyp", b"qt  " + bytes(4) + b"qt  ")


def texts(folder: Path) -> dict[str, bytes]:
    """Playlists and descriptions that FFmpeg would follow, under the names of films."""
    canary = str(folder / CANARY)
    sdp = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    sdp += "m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
        f'bandwidth="1"><BaseURL>file://{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )
    found = {
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "hls-relative.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{CANARY}\n#EXT-X-ENDLIST\n",
        "hls-network.mp4": "#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "ffconcat.mp4": f"ffconcat version 1.0\nfile '{CANARY}'\n",
        "ffconcat-absolute.mp4": f"ffconcat version 1.0\nfile 'file:{canary}'\n",
        "sdp.mp4": sdp,
        "dash.mp4": dash,
        "rtsp.mp4": "RTSPtext\nrtsp://127.0.0.1:554/a\n",
        "rtsp-alone.mp4": "rtsp://127.0.0.1:554/a\n",
        "smil.mp4": f'<smil><body><video src="{canary}"/></body></smil>',
        "vobsub.mp4": "# VobSub index file, v7 (do not modify this line!)\n",
        "image-list.mp4": "%03d.png\n",
        "data.mp4": "data:video/mp4;base64,AAAA",
        "lavfi.mp4": f"movie={canary}",
    }
    return {name: text.encode() for name, text in found.items()}


def references(folder: Path, film: bytes) -> dict[str, bytes]:
    """QuickTime files that say that their pictures are elsewhere.

    Args:
        folder: where the canary is.
        film: a good film with its index at the end.
    """
    found = {}
    for name, url in (
        ("relative", CANARY),
        ("absolute", f"file://{folder / CANARY}"),
        ("network", "http://127.0.0.1:9/a"),
    ):
        rdrf = box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(url) + 1) + url.encode() + b"\0")
        found[f"rmra-{name}.mov"] = FTYP + box(b"moov", box(b"rmra", box(b"rmda", rdrf)))
        entry = box(b"url ", bytes(4) + url.encode() + b"\0")
        found[f"dref-{name}.mov"] = put_reference(film, entry)
    found["dref-alias.mov"] = put_reference(film, box(b"alis", bytes(4) + _alias(CANARY)))
    return found


def _alias(name: str) -> bytes:
    """A Macintosh alias record, as FFmpeg reads it: volume, file, and the path in an extra."""
    record = bytearray(150)
    record[10:11] = bytes([4])
    record[11:15] = b"disk"
    record[50:51] = bytes([len(name)])
    record[51 : 51 + len(name)] = name.encode()
    path = f"disk:{name}".encode()
    path += b"\0" * (len(path) % 2)
    return bytes(record) + struct.pack(">hH", 2, len(path)) + path + struct.pack(">hH", -1, 0)


def put_reference(film: bytes, entry: bytes) -> bytes:
    """The film with another entry in its data references (ISO/IEC 14496-12 §8.7.2)."""
    new = box(b"dref", struct.pack(">II", 0, 1) + entry)
    path = (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref")
    return boxes.replace_box(film, path, new, nth=boxes.video_track(film))


def damaged(film: bytes) -> dict[str, bytes]:
    """Claims that are not true: sizes and counts that a reader could believe.

    Args:
        film: a good film with its index at the end and no sound.
    """
    moov, stop = boxes.find(film, b"moov")
    found = {
        "empty.mp4": b"",
        "one-byte.mp4": b"\0",
        "seven-bytes.mp4": b"\0\0\0\x18fty",
        "ftyp-alone.mp4": FTYP,
        "moov-2-gib.mp4": FTYP + struct.pack(">I4s", 0x7FFFFFFF, b"moov") + bytes(100),
        "moov-2-to-62.mp4": FTYP + struct.pack(">I4sQ", 1, b"moov", 1 << 62) + bytes(100),
        "moov-claims-too-much.mp4": film[:moov] + struct.pack(">I", 0x7FFFFFF0) + film[moov + 4 :],
        "moov-of-nothing.mp4": FTYP + struct.pack(">I4s", 8, b"moov"),
        "box-of-size-4.mp4": FTYP + struct.pack(">I4s", 4, b"moov") * 100,
        "mdat-alone.mp4": FTYP + box(b"mdat", bytes(2000)),
        "nested-deeply.mp4": FTYP + _nested(2000),
        "many-boxes.mp4": FTYP + box(b"free", b"") * 20_000,
    }
    stbl = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    for kind in (b"stsz", b"stts", b"stco", b"stsc", b"ctts", b"stss"):
        at, _ = boxes.find(film, *stbl, kind)
        count_at = at + (16 if kind == b"stsz" else 12)
        wrong = bytearray(film)
        wrong[count_at : count_at + 4] = b"\xff\xff\xff\xf0"
        found[f"{kind.decode()}-count.mp4"] = bytes(wrong)
    at, _ = boxes.find(film, *stbl, b"stsz")
    wrong = bytearray(film)
    wrong[at + 20 :: 4] = wrong[at + 20 :: 4]
    wrong[at + 20 : at + 24] = b"\x7f\xff\xff\xff"
    found["sample-of-2-gib.mp4"] = bytes(wrong)
    at, _ = boxes.find(film, *stbl, b"stco")
    wrong = bytearray(film)
    wrong[at + 16 : at + 20] = b"\xff\xff\xff\x00"
    found["sample-past-the-end.mp4"] = bytes(wrong)
    found["no-samples.mp4"] = film[: boxes.find(film, b"mdat")[0]] + film[moov:stop]
    return found


def _nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = box(b"moov", body)
    return body


def refuses_everything(name: str) -> bool:
    """Whether no picture of this file can be right: of some others, a part is sound.

    A film that refers to another one is read in its own bytes, which here happen to be there.
    """
    sound = {
        "stco-40-million.mp4",
        "stts-40-million-in-one.mp4",
        "elst-40-million.mp4",
        "trun-60-million-later.mp4",
        "trun-60-million-odd.mp4",
        "stco-count.mp4",
        "ctts-count.mp4",
        "stss-count.mp4",
        "moov-claims-too-much.mp4",
    }
    return name not in sound and not name.startswith(("dref-", "mkv-"))
