"""The manual's picture of the playground: ``python -m tests.web.picture`` makes it anew.

In: the sample film, served out of a folder that was empty, as by a newcomer's first ``scripts/serve``. Out:
docs/pictures/playground.jpg, with the picture of which the README's first lines are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.conftest import REPOSITORY
from tests.serving import serving
from tests.web.browser import browsing

PICTURE = REPOSITORY / "docs" / "pictures" / "playground.jpg"
_WINDOW = (1280, 1040)
_WIDTH = 960
_ASK = """
for (const [name, value] of [['ms', 6000], ['w', 640]]) {
  document.getElementById(name).value = value;
  document.getElementById(name).dispatchEvent(new Event('input'));
}
"""
_SHOWN = """
const text = (name) => document.getElementById(name).textContent;
return text('taken') === '6000.000 ms' && text('before') && text('url').includes('w_640')
  && document.getElementById('picture').naturalWidth === 640;
"""


def main() -> int:
    """Makes the picture."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        films = Path(folder) / "films"
        films.mkdir()
        with serving(films) as server, browsing() as browser:
            browser.resize(*_WINDOW)
            browser.open(f"http://127.0.0.1:{server.port}/")
            browser.wait("return document.getElementById('picture').naturalWidth > 0")
            browser.run(_ASK)
            browser.wait(_SHOWN)
            browser.run("document.documentElement.style.overflow = 'hidden'")
            browser.picture(shot)
        with Image.open(shot) as taken:
            size = (_WIDTH, round(_WIDTH * taken.height / taken.width))
            small = taken.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.save(PICTURE, quality=90, subsampling=0, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
