"""What a million pictures cost on AWS Lambda. In: the bench's table in README, and prices. Out: Markdown.

A picture takes its CPU time, longer where a function has less than one CPU, and waits for the store once for
each request that has to follow another. S3 sends nothing for free but to functions of its own region.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

MEMORY_MB = (512, 1024, 1769)
_WHOLE_CPU_MB = 1769
"""Source: AWS Lambda Developer Guide, "Configure Lambda function memory"."""
_WAIT_S = 0.030
"""Until the first byte of an answer of S3, in the function's own region."""
_ROW = r"^\| (framefetch[^|]*) \| ([\d.]+) \| (\d+) / (\d+) \| \d+ \| (\d+) \|$"


@dataclass(frozen=True)
class Prices:
    """In USD, without a free tier."""

    of: str = "arm64, eu-central-1, as of 2025-06"
    gb_second: float = 0.0000133334
    request: float = 0.0000002
    get: float = 0.00000043


@dataclass(frozen=True)
class Measured:
    """One row of the bench."""

    way: str
    read_mb: float
    requests: int
    rounds: int
    cpu_s: float

    def seconds(self, memory_mb: int) -> float:
        """How long a function of this size takes."""
        return self.cpu_s * max(1.0, _WHOLE_CPU_MB / memory_mb) + self.rounds * _WAIT_S

    def million(self, memory_mb: int, prices: Prices) -> float:
        """What a million pictures cost."""
        one = self.seconds(memory_mb) * memory_mb / 1024 * prices.gb_second
        return 1e6 * (one + prices.request + self.requests * prices.get)


def measured() -> list[Measured]:
    """The rows of framefetch in the README's bench."""
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    rows = re.findall(_ROW, readme, re.MULTILINE)
    return [
        Measured(way, float(read), int(requests), int(rounds), int(cpu_ms) / 1000)
        for way, read, requests, rounds, cpu_ms in rows
    ]


def cost_table(prices: Prices | None = None) -> str:
    """The table, and what it was made with."""
    prices = prices or Prices()
    lines = [
        "| A million times | MB read, each | " + " | ".join(f"{one} MB" for one in MEMORY_MB) + " |",
        "|---|---|" + "---|" * len(MEMORY_MB),
    ]
    for one in measured():
        cells = [f"{one.million(size, prices):.2f} USD, {one.seconds(size):.2f} s" for size in MEMORY_MB]
        lines.append(f"| {one.way} | {one.read_mb} | " + " | ".join(cells) + " |")
    used = f"{prices.gb_second:.10f} USD a GB-second, {prices.request * 1e6:.2f} a million requests"
    return "\n".join(
        [*lines, "", f"Prices ({prices.of}): {used}, {prices.get * 1e6:.2f} a million GETs of S3."]
    )


def main() -> int:
    """Prints the table with the prices that are given."""
    usual = Prices()
    parser = argparse.ArgumentParser(prog="scripts/cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--of", default=usual.of, help="what the prices are of, and when")
    parser.add_argument("--gb-second", type=float, default=usual.gb_second)
    parser.add_argument("--request", type=float, default=usual.request, help="one invocation")
    parser.add_argument("--get", type=float, default=usual.get, help="one GET of S3")
    print(cost_table(Prices(**vars(parser.parse_args()))))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
