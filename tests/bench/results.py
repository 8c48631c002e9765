"""All that a run of the bench found, and the few figures that tables, plot and bars are made of."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from tests.bench.limits import Limit
from tests.bench.measure import Case, Row, Run


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one way at one latency: medians, but the least wall and the greatest memory of its runs."""

    wall_ms: float
    least_ms: float
    cpu_ms: float
    memory_mb: float
    most_memory_mb: float
    bytes: float
    requests: float
    rounds: float
    runs: float

    @classmethod
    def of(cls, row: Row) -> Figures | None:
        """None where the way gave no picture."""
        if row.fault or not row.runs:
            return None

        def median(name: str) -> float:
            return float(statistics.median(getattr(run, name) for run in row.runs))

        return cls(
            wall_ms=median("wall_ms"),
            least_ms=min(run.wall_ms for run in row.runs),
            cpu_ms=median("cpu_ms"),
            memory_mb=median("growth_mb"),
            most_memory_mb=max(run.growth_mb for run in row.runs),
            bytes=median("bytes"),
            requests=median("requests"),
            rounds=median("rounds"),
            runs=len(row.runs),
        )


FAILED = Figures(*[math.nan] * 9)


@dataclass(frozen=True, slots=True)
class Done:
    """A case that was run."""

    case: Case
    limit: Limit
    film_bytes: int
    rows: list[Row]

    def figures(self, way: str, latency_ms: int) -> Figures | None:
        """None where the way was not run, or failed."""
        row = self.row(way, latency_ms)
        return Figures.of(row) if row else None

    def row(self, way: str, latency_ms: int) -> Row | None:
        """None where the way was not run."""
        return next((row for row in self.rows if (row.way, row.latency_ms) == (way, latency_ms)), None)


@dataclass(slots=True)
class Results:
    """A run.

    Attributes:
        machine: what it ran on, and versions, by name.
        starts: see `tests.bench.starts`.
        left_out: ways that could not be run, with what they need.
    """

    machine: dict[str, str]
    quick: bool
    done: dict[str, Done] = field(default_factory=dict)
    starts: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def figures(self, case: str, way: str, latency_ms: int = 15) -> Figures | None:
        """None where it was not run; `FAILED` where it gave no picture, or a wrong one."""
        done = self.done.get(case)
        row = done.row(way, latency_ms) if done else None
        return (Figures.of(row) or FAILED) if row else None

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Results:
        """The inverse of `as_json`."""
        results = cls(found["machine"], found["quick"], starts=found["starts"], left_out=found["left_out"])
        for one in found["cases"]:
            case = Case(**one["case"])
            case = replace(case, ways=tuple(case.ways), latencies_ms=tuple(case.latencies_ms))
            limit = Limit(**{each.name: one["limit"][each.name] for each in fields(Limit)})
            rows = [_row_of(row) for row in one["rows"]]
            results.done[case.name] = Done(case, limit, one["film_bytes"], rows)
        return results

    def as_json(self) -> dict[str, Any]:
        """Everything, each run on its own."""
        return {
            "machine": self.machine,
            "quick": self.quick,
            "left_out": self.left_out,
            "starts": self.starts,
            "cases": [
                {
                    "case": asdict(done.case),
                    "limit": asdict(done.limit) | {"bytes": done.limit.bytes},
                    "film_bytes": done.film_bytes,
                    "rows": [_row(row) for row in done.rows],
                }
                for done in self.done.values()
            ],
        }


def _row_of(found: dict[str, Any]) -> Row:
    row = Row(**{each.name: found[each.name] for each in fields(Row)})
    row.runs = [Run(**run) for run in found["runs"]]
    return row


def _row(row: Row) -> dict[str, Any]:
    figures = Figures.of(row)
    return asdict(row) | {"figures": asdict(figures) if figures else None}
