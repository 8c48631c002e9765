"""What every test may use, and the account of what was skipped.

A test that cannot run here skips with a reason that begins in one of four ways: ``needs <program>``,
``no corpus``, ``no signing vectors``, or ``not here: <why>`` for what the machine or the version of a
library rules out. With ``--no-missing``, as in CI, only the last passes, and the two in the middle
where the folder that they speak of is indeed absent.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

REPOSITORY = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("FRAMEFETCH_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
SIGNING = Path(os.environ.get("FRAMEFETCH_SIGNING") or REPOSITORY.parent / "shared" / "signing")

# No test is timed, by hypothesis neither. In CI its own profile holds, which also draws the same each time.
hypothesis.settings.register_profile("untimed", deadline=None)
if hypothesis.settings.get_current_profile_name() == "default":
    hypothesis.settings.load_profile("untimed")

NO_CORPUS = "no corpus: FRAMEFETCH_CORPUS names its folder"
NO_SIGNING = "no signing vectors: FRAMEFETCH_SIGNING names their folder"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the corpus, which holds ``expected.json``."""
    if not CORPUS.is_dir():
        pytest.skip(NO_CORPUS)
    return CORPUS


@pytest.fixture(scope="session")
def signing_vectors() -> Path:
    """The folder of the signatures that the real SDKs made."""
    if not SIGNING.is_dir():
        pytest.skip(NO_SIGNING)
    return SIGNING


def excused(reason: str, *, corpus_is_there: bool, signing_is_there: bool) -> bool:
    """Whether a skip for this reason passes under ``--no-missing``."""
    if reason.startswith("no corpus"):
        return not corpus_is_there
    if reason.startswith("no signing vectors"):
        return not signing_is_there
    return reason.startswith("not here: ")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-missing",
        action="store_true",
        help="fail when a test is skipped for something that can be installed",
    )


class SkipAccount:
    """Collects the skips of a session, names them at its end, and fails it for those without excuse."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.skips: list[tuple[str, str]] = []

    def _add(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple) and not hasattr(report, "wasxfail"):
            self.skips.append((report.nodeid, report.longrepr[2].removeprefix("Skipped: ")))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._add(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._add(report)

    def missing(self) -> Iterable[tuple[str, str]]:
        """The skips that fail a strict session."""
        return (
            (test, reason)
            for test, reason in self.skips
            if not excused(reason, corpus_is_there=CORPUS.is_dir(), signing_is_there=SIGNING.is_dir())
        )

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.strict and exitstatus == pytest.ExitCode.OK and any(self.missing()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.skips:
            terminalreporter.section("skipped")
        for test, reason in sorted(self.skips, key=lambda skip: skip[::-1]):
            terminalreporter.line(f"{test}: {reason}")
        if self.strict and any(self.missing()):
            terminalreporter.section("failed by --no-missing", red=True)
            for test, reason in self.missing():
                terminalreporter.line(f"{test}: {reason}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipAccount(strict=config.getoption("--no-missing")))
