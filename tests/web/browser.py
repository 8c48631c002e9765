"""A real Chromium, driven over WebDriver (W3C) by the few commands that the tests need."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIVER, CHROMIUM = shutil.which("chromedriver"), shutil.which("chromium")
ABSENT = "" if DRIVER and CHROMIUM else "no chromium and chromedriver: Debian's chromium and chromium-driver"
_ANSWER_S = 60
_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=900,700")


@dataclass(frozen=True, slots=True)
class Browser:
    """One window.

    Attributes:
        port: of its driver.
        session: as the driver calls it.
    """

    port: int
    session: str

    def open(self, url: str) -> None:
        """Goes to a page, and waits for its load event."""
        self._tell("url", {"url": url})

    def resize(self, width: int, height: int) -> None:
        """Gives the window, with its frame, another size."""
        self._tell("window/rect", {"width": width, "height": height})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self._tell("execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str) -> Any:
        """What a script returns as soon as that is true; the browser waits, a picture at a time."""
        looped = (
            "const done = arguments[0];"
            f"const look = () => {{ let found; try {{ found = (() => {{ {script} }})(); }} catch {{}} "
            "found ? done(found) : requestAnimationFrame(look); }; look();"
        )
        return self._tell("execute/async", {"script": looped, "args": []})

    def point(self, selector: str, share: float) -> None:
        """Moves the pointer over an element, to a share of its width."""
        found = self._tell("element", {"using": "css selector", "value": selector})
        width = self.run("return arguments[0].getBoundingClientRect().width", found)
        move = {
            "type": "pointerMove",
            "duration": 0,
            "origin": found,
            "x": round(width * (share - 0.5)),
            "y": 0,
        }
        pointer = {"type": "pointer", "id": "mouse", "actions": [move]}
        self._tell("actions", {"actions": [pointer]})

    def picture(self, path: Path) -> None:
        """Keeps what the window shows, as PNG."""
        path.write_bytes(base64.b64decode(self._tell("screenshot", None)))

    def _tell(self, command: str, body: object) -> Any:
        return _ask(self.port, "GET" if body is None else "POST", f"/session/{self.session}/{command}", body)


@contextmanager
def browsing(log: IO[bytes] | int = subprocess.DEVNULL) -> Iterator[Browser]:
    """Starts a browser with one empty window, and ends it."""
    assert DRIVER is not None
    with subprocess.Popen(
        [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=log, text=True, env=dict(os.environ)
    ) as driver:
        try:
            port = _port_of(driver)
            wanted = {
                "browserName": "chrome",
                "goog:chromeOptions": {"binary": CHROMIUM, "args": list(_OPTIONS)},
                "timeouts": {"script": _ANSWER_S * 500, "pageLoad": _ANSWER_S * 500},
            }
            made = _ask(port, "POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            try:
                yield Browser(port, made["sessionId"])
            finally:
                _ask(port, "DELETE", f"/session/{made['sessionId']}", None)
        finally:
            driver.terminate()


def _port_of(driver: subprocess.Popen[str]) -> int:
    assert driver.stdout is not None
    for line in driver.stdout:
        if "started successfully on port" in line:
            return int(line.rstrip(".\n").rpartition(" ")[2])
    message = "chromedriver ended before it listened"
    raise RuntimeError(message)


def _ask(port: int, method: str, path: str, body: object) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None)
        told = json.loads(connection.getresponse().read())["value"]
    finally:
        connection.close()
    if isinstance(told, dict) and "error" in told:
        raise AssertionError(told["message"])
    return told
