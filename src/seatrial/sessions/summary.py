"""The summary at the end of a nox run; a run that tested nothing fails.

nox writes its results to the file of its ``--report`` option, which a noxfile may set, and then exits. So that file
is read when the process ends.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import logging
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seatrial.report import Outcome


CHILD = "--parallel-worker"
"""The option that ``nox -j`` gives to its children, whose outcomes the parent reports."""


NO_INTERPRETER = re.compile(r"interpreter .*not found", re.IGNORECASE)
"""The reason that nox gives for a missing Python (``nox.virtualenv.InterpreterNotFound``)."""

RUN_VARIABLE = "SEATRIAL_RUN"
"""The environment variable that gives the children of ``nox -j`` the name of the run that they belong to."""


@dataclass(frozen=True)
class RunSummary:
    """The data of a run for its summary.

    ``begun``: its start, in seconds since 1970; ``own_report``: the report file, unless the noxfile or the user names
    another; ``matrices``: the sessions that have to run on at least one of their Pythons if they are selected;
    ``reasons``: why sessions failed, which the newest nox for Python 3.9 does not report.
    """

    begun: float = field(default_factory=time.time)
    own_report: Path = field(
        default_factory=lambda: Path(tempfile.gettempdir(), f"seatrial-{os.urandom(16).hex()}.json")
    )
    matrices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def arrange(self) -> None:
        """Have nox write its report, which `close` reads at the end of this process."""
        if nox.options.report is None:
            nox.options.report = str(self.own_report)
        atexit.register(self.close)

    def close(self) -> None:
        """Show the summary; end the process with exit code 1 if nothing was tested."""
        path = _report_named(sys.argv[1:]) or Path(nox.options.report or self.own_report)
        written = self._read(path)
        self.own_report.unlink(missing_ok=True)
        if written is None:
            return
        # Imported at the end of a run, because `nox -l` and each session start faster without them.
        from seatrial.report import Outcome, untested_sessions  # noqa: PLC0415

        reported = [Outcome.from_report(entry) for entry in written["sessions"]]
        outcomes = [
            replace(outcome, reason=outcome.reason or self.reasons.get(outcome.name, "")) for outcome in reported
        ]
        idle = untested_sessions(outcomes, tuple(self.matrices))
        try:
            self._show(outcomes)
        finally:
            if idle and written["result"]:
                _fail(f"nox > nothing was tested: {', '.join(idle)} ran on no Python at all")

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return the report of nox; None if nox ran no session, as for a listing or after Ctrl-C."""
        try:
            if path.stat().st_mtime < int(self.begun):
                return None
            written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return written

    def _show(self, outcomes: Sequence[Outcome]) -> None:
        from seatrial.report import add_to_job_summary, run_summary, run_summary_markdown  # noqa: PLC0415 - as in close()

        seconds = time.time() - self.begun
        missing = self._missing(outcomes)
        encoding = sys.stdout.encoding or "utf-8"
        summary = run_summary(outcomes, seconds, missing, encoding)
        print("\n" + summary.encode(encoding, "backslashreplace").decode(encoding), flush=True)
        try:
            add_to_job_summary(lambda: run_summary_markdown(outcomes, seconds, missing), os.environ)
        except OSError as error:
            print(f"nox > the summary can't be written to GITHUB_STEP_SUMMARY: {error}", file=sys.stderr)

    def _missing(self, outcomes: Sequence[Outcome]) -> Mapping[str, str]:
        """Return how to install each missing Python for which a session was skipped or failed."""
        from seatrial.pythons import find_interpreters, how_to_install  # noqa: PLC0415 - as in close()
        from seatrial.report import Status  # noqa: PLC0415

        pythons = {
            outcome.python
            for outcome in outcomes
            if outcome.session in self.matrices and outcome.python and outcome.status is not Status.SUCCESS
            if NO_INTERPRETER.search(outcome.reason) or not (outcome.reason or outcome.gives_reasons)
        }
        installed = {interpreter.version for interpreter in find_interpreters(pythons, os.environ)}
        return {python: how_to_install(python, os.environ) for python in sorted(pythons - installed)}


_summary: list[RunSummary] = []


def arrange_summary() -> None:
    """Show a summary at the end of this run, but not in a child of ``nox -j``."""
    if not _summary and CHILD not in sys.argv:
        _summary.append(RunSummary())
        _summary[0].arrange()
        os.environ[RUN_VARIABLE] = f"{os.getpid()} {_summary[0].begun}"


def require_a_run(session: str, pythons: Sequence[str]) -> None:
    """Fail a run in which ``session`` is selected and runs on none of ``pythons``."""
    for closing in _summary:
        closing.matrices[session] = tuple(pythons)


def explain_failure(session: str, reason: str) -> None:
    """Keep the reason why a session failed, for the summary."""
    for closing in _summary:
        closing.reasons[session] = reason


def is_of_this_run(path: Path) -> bool:
    """Whether a file was written since this run began, by any of its processes."""
    begun = float(os.environ[RUN_VARIABLE].partition(" ")[2])
    return path.stat().st_mtime >= int(begun)


def _report_named(arguments: Sequence[str]) -> Path | None:
    """Return the file of ``--report`` on nox's command line, which overrides the noxfile."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--report", type=Path)
    before_posargs = arguments[: arguments.index("--")] if "--" in arguments else arguments
    path: Path | None = parser.parse_known_args(before_posargs)[0].report
    return path


def _fail(reason: str) -> None:
    """End this process with exit code 1, although nox exits with 0.

    nox does not count a session that was skipped for a missing interpreter as a failure, and a noxfile cannot change
    the exit code. An exit handler has only `os._exit`, which does not flush, so everything is flushed before it.
    """
    print(reason, file=sys.stderr)
    with contextlib.suppress(OSError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(1)
