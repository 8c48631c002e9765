"""What a process string of one picture is read into, for tests that go on with its value."""

from __future__ import annotations

from framefetch.process import SnapshotRequest, parse


def picture_asked(text: str, *, max_side: int) -> SnapshotRequest:
    """The request; anything but one picture fails the test."""
    request = parse(text, max_side=max_side)
    assert isinstance(request, SnapshotRequest)
    return request
