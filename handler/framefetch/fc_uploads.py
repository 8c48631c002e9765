"""The door of Function Compute for uploads: ``framefetch.fc_uploads.handler`` answers its OSS trigger.

What it needs is made while the instance starts. One JSON record a picture goes to standard output, which
Function Compute keeps in its log store.
"""

from __future__ import annotations

from framefetch import cold_start

cold_start.begin()

from framefetch.events.deliveries import deliver
from framefetch.observe import to_stdout
from framefetch.settings import Settings
from framefetch.uploads import Uploads

to_stdout()
SETTINGS = Settings.from_environment()
UPLOADS = Uploads.of_deployment(SETTINGS)

cold_start.end()


def handler(event: bytes | str, _context: object) -> str:
    """Makes the pictures that an event asks for.

    Raises:
        Undone: the event has to be delivered again.
        NotAnUpload: it is none of an OSS trigger; Function Compute reports the message.
    """
    deliver(event, UPLOADS.handle, max_receives=SETTINGS.max_receives)
    return "done"
