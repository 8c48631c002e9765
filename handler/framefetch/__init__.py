"""framefetch: one picture of a video in object storage, for the bytes that the picture needs.

A request enters by a door and is followed in `snapshot`, from top to bottom; around that lie:

aws fc asgi commands           the doors: AWS Lambda, Function Compute, a server, the command line
events uploads rules           what platforms tell of: requests, and uploads that get their pictures
server                         what only the local server has: its connections, pages, sample film
http access signing process    the request: its language, who may ask, what is answered
operations                     what can be asked for: a picture, a sheet, an animation, a film's facts
sources sinks                  where bytes come from, and where saved pictures go
containers plan                bytes to an index, an index to the ranges of one picture; neither ever reads
film ffmpeg draw encode        from the object to its film, to a frame, to a picture, to its file
settings errors budget values  what all of them use
cold_start                     what a function does first, before anything else is loaded

Imports run from the doors down: `tests/architecture` has the order, module by module.
"""

__version__ = "0.1.0"
