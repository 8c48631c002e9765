"""The bench: what a picture costs, in bytes, requests, round trips, time, CPU and memory, side by side.

`scripts/bench` runs it. It makes its own films (`clips`, `loops`, `stock`), serves them on loopback with
a latency before each answer (`server`), asks for pictures in every way that is installed (`ways`,
`worker`), compares with the physical limit (`limits`) and writes tables and a plot (`report`, `plot`).
"""
