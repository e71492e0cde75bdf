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

    from seatrial.outcome import Outcome


CHILD = "--parallel-worker"
"""What ``nox -j`` adds to the command line of its children, whose outcomes the parent reports."""


NO_INTERPRETER = re.compile(r"interpreter .*not found", re.IGNORECASE)
"""What nox gives as the reason when a Python is not there (``nox.virtualenv.InterpreterNotFound``)."""

RUN_VARIABLE = "SEATRIAL_RUN"
"""The environment variable that gives the children of ``nox -j`` the name of the run that they belong to."""


@dataclass(frozen=True)
class RunSummary:
    """What is known about a run before it ends.

    ``begun``: when, in seconds since 1970; ``own_report``: the file that nox is told to write unless it is told
    another; ``matrices``: the sessions that have to run on at least one of their Pythons when they are asked for;
    ``reasons``: why sessions failed, because the nox that Python 3.9 gets does not report it.
    """

    begun: float = field(default_factory=time.time)
    own_report: Path = field(
        default_factory=lambda: Path(tempfile.gettempdir(), f"seatrial-{os.urandom(16).hex()}.json")
    )
    matrices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def arrange(self) -> None:
        """Have nox write its report, and read it at the end of this process."""
        if nox.options.report is None:
            nox.options.report = str(self.own_report)
        atexit.register(self.close)

    def close(self) -> None:
        """Show the summary; end the process with exit code 1 when nothing was tested."""
        path = _report_named(sys.argv[1:]) or Path(nox.options.report or self.own_report)
        written = self._read(path)
        self.own_report.unlink(missing_ok=True)
        if written is None:
            return
        # Loaded at the end of a run, so that `nox -l` and the start of each session stay fast.
        from seatrial.outcome import Outcome  # noqa: PLC0415
        from seatrial.report import untested_sessions  # noqa: PLC0415

        found = [Outcome.from_report(entry) for entry in written["sessions"]]
        outcomes = [replace(one, reason=one.reason or self.reasons.get(one.name, "")) for one in found]
        idle = untested_sessions(outcomes, tuple(self.matrices))
        try:
            self._show(outcomes)
        finally:
            if idle and written["result"]:
                _fail(f"nox > nothing was tested: {', '.join(idle)} ran on no Python at all")

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return what nox wrote; None if it ran nothing: a listing, or Ctrl-C before the first session."""
        try:
            if path.stat().st_mtime < int(self.begun):
                return None
            written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return written

    def _show(self, outcomes: Sequence[Outcome]) -> None:
        from seatrial.report import add_to_job_summary, run_summary, run_summary_markdown  # noqa: PLC0415 - see close()

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
        """Return how to get each Python that a session was skipped or failed for want of."""
        from seatrial.outcome import Status  # noqa: PLC0415
        from seatrial.pythons import find_interpreters, how_to_install  # noqa: PLC0415 - see close()

        wanted = {
            one.python
            for one in outcomes
            if one.session in self.matrices and one.python and one.status is not Status.SUCCESS
            if NO_INTERPRETER.search(one.reason) or not (one.reason or one.gives_reasons)
        }
        found = {one.version for one in find_interpreters(wanted, os.environ)}
        return {python: how_to_install(python, os.environ) for python in sorted(wanted - found)}


_summary: list[RunSummary] = []


def arrange_summary() -> None:
    """Close this run with a summary; in a child of ``nox -j``, leave that to the parent."""
    if not _summary and CHILD not in sys.argv:
        _summary.append(RunSummary())
        _summary[0].arrange()
        os.environ[RUN_VARIABLE] = f"{os.getpid()} {_summary[0].begun}"


def require_a_run(session: str, pythons: Sequence[str]) -> None:
    """Fail a run in which ``session`` was to run and ran on none of ``pythons``."""
    for closing in _summary:
        closing.matrices[session] = tuple(pythons)


def explain_failure(session: str, reason: str) -> None:
    """Remember why a session failed."""
    for closing in _summary:
        closing.reasons[session] = reason


def is_of_this_run(path: Path) -> bool:
    """Whether a file was written since this run began, in whichever process of it."""
    begun = float(os.environ[RUN_VARIABLE].partition(" ")[2])
    return path.stat().st_mtime >= int(begun)


def _report_named(arguments: Sequence[str]) -> Path | None:
    """Return the file that ``--report`` names on nox's command line, which wins over the noxfile."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--report", type=Path)
    before_posargs = arguments[: arguments.index("--")] if "--" in arguments else arguments
    named: Path | None = parser.parse_known_args(before_posargs)[0].report
    return named


def _fail(why: str) -> None:
    """End this process with exit code 1, although nox has already settled on 0.

    nox counts a session that was skipped for want of its interpreter as no failure, and a noxfile has no say in
    the exit code. An exit handler can only end the process the hard way, so what is buffered goes out first.
    """
    print(why, file=sys.stderr)
    with contextlib.suppress(OSError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(1)
