"""A player's page in a real browser: the preview on its time line is the film's picture of that time."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.films import RECIPES, make_film
from tests.serving import serving
from tests.web.browser import ABSENT, browsing

if TYPE_CHECKING:
    from collections.abc import Iterator

PLYR = Path(__file__).parents[1] / "servers" / "node_modules" / "plyr" / "dist"
PAGE = """<!doctype html><title>film</title><link rel="stylesheet" href="plyr.css">
<body style="margin: 0; width: 800px"><video id="film" src="film.mp4" muted></video>
<script src="plyr.polyfilled.min.js"></script>
<script>
const src = "{track}";
const player = new Plyr("#film", {{iconUrl: "", blankVideo: "", previewThumbnails: {{enabled: true, src}}}});
</script>
"""
WIDTH, HEIGHT, COLUMNS, GAP, SECONDS = 192, 108, 6, 2, 16

pytestmark = [
    pytest.mark.skipif(bool(ABSENT), reason=ABSENT),
    pytest.mark.skipif(not PLYR.is_dir(), reason="no plyr: npm ci --prefix tests/servers"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """A web server of another origin than the film's pictures."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_right_tile_on_hover(tmp_path: Path) -> None:
    """Plyr, with f_vtt as its preview track, shows the tile of the second that the pointer is over."""
    make_film(replace(RECIPES["h264-mp4-front"], name="film", count=400, gop=10, audio=None), tmp_path)
    for name in ("plyr.css", "plyr.polyfilled.min.js"):
        (tmp_path / name).write_bytes((PLYR / name).read_bytes())
    asked = f"video%2Fsprite%2Csw_{WIDTH}%2Csh_{HEIGHT}%2Cinter_1000%2Cf_vtt"
    with (
        serving(tmp_path, settings={"FRAMEFETCH_CORS": "*"}) as server,
        site(tmp_path) as origin,
        browsing() as browser,
    ):
        track = f"http://127.0.0.1:{server.port}/film.mp4?x-oss-process={asked}"
        (tmp_path / "index.html").write_text(PAGE.format(track=track))
        browser.open(f"{origin}/index.html")
        browser.wait("return player.duration > 1 && player.previewThumbnails.loaded")
        for share in (0.1, 0.5, 0.85):
            browser.point(".plyr__progress", share)
            # The text and the tile follow the pointer; which second it is over, the text says.
            shown = browser.wait(
                f"const wanted = {share} * {SECONDS};"
                "const box = document.querySelector('.plyr__preview-thumb');"
                "const image = box.querySelector('.plyr__preview-thumb__image-container img');"
                "const second = Number(box.innerText.split(':')[1]);"
                "if (!image.naturalWidth || !image.style.left) return null;"
                "if (Math.abs(second - wanted) > 1.5) return null;"
                "const scale = image.naturalHeight / parseFloat(image.style.height);"
                "return [second, image.style.left, image.style.top].map(parseFloat)"
                ".map((one, at) => at ? Math.round(-one * scale) : one);"
            )
            second, left, top = shown
            row, column = divmod(int(second), COLUMNS)
            assert (left, top) == (GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP))
