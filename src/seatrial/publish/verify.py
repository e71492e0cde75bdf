"""Verifies a release: an index serves the files of its manifest, with attestations, and they can be installed."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Literal

from packaging.version import Version

from seatrial import process
from seatrial.errors import DeliveryError, IndexUnreachable
from seatrial.index.client import read_project_files
from seatrial.index.targets import PYPI, TESTPYPI
from seatrial.invocation import task_command
from seatrial.publish.ci_runs import read_ci_runs
from seatrial.publish.install import InstallRequest, IsolatedFolder, install_release
from seatrial.publish.state import IndexState, ReleaseOnIndex
from seatrial.publish.tagged_release import manifest_of
from seatrial.pythons import Interpreter, find_interpreters
from seatrial.redaction import redacted_address

if TYPE_CHECKING:
    from seatrial.index.client import ProjectFiles
    from seatrial.index.targets import Destination
    from seatrial.project.project import Project
    from seatrial.publish.ci_runs import CiRuns
    from seatrial.publish.install import InstalledRelease
    from seatrial.publish.tagged_release import TaggedRelease
    from seatrial.release.manifest import Manifest


@dataclass(frozen=True)
class VerifyOptions:
    """What is asked for: ``limit``: seconds to wait; ``attestations``: who has asked for some."""

    destination: Destination
    limit: float
    attestations: AttestationsExpected = "by CI"
    installs: bool = True


@dataclass(frozen=True)
class VerifiedRelease:
    """A release that is published, byte for byte.

    ``attested``: what there is to say of its attestations; ``installed`` is None where nobody asked for it.
    """

    delivery: ReleaseOnIndex
    attested: str
    installed: InstalledRelease | None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "project": self.delivery.project,
            "version": self.delivery.version,
            "index": self.delivery.index,
            "state": self.delivery.state.value,
            "files": dict(self.delivery.wanted),
            "unproved": list(self.delivery.not_in_manifest),
            "attestations": attestations_of(self.delivery),
            "installed": self.installed.__dict__ if self.installed else None,
        }

    def __str__(self) -> str:
        """Return it as text."""
        one = self.delivery
        lines = [f"{one.project} {one.version} is {one.state.value}: {one.index}"]
        lines += [f"  {line}" for line in str(one).splitlines()]
        lines += [f"  {self.attested}"] if self.attested else []
        if self.installed:
            brought = ", ".join([*(f"import {name}" for name in self.installed.modules), *self.installed.scripts])
            lines.append(f"  installed on Python {self.installed.python}: {brought or 'nothing to import'}")
        return "\n".join(lines)


def verify_published(tagged: TaggedRelease, order: VerifyOptions, say: Callable[[str], None]) -> VerifiedRelease:
    """Wait until a release is on the index, compare it with its proof, and install it.

    Raises `DeliveryError` with the command that finishes it, `IndexUnreachable` or `InstallFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-verify-") as folder:
        manifest = manifest_of(tagged, Path(folder), say)
        found, known = _wait_for_release(tagged, order, manifest, say)
        attested = require_attestations(found, known, order.destination, order.attestations)
        if not order.installs:
            return VerifiedRelease(found, attested, None)
        place = IsolatedFolder(Path(folder), process.child_environment())
        wanted = InstallRequest.of(tagged.name, manifest.version, manifest.files, order.destination.simple)
        say(f"installing {wanted.name}=={wanted.version} in an empty environment")
        return VerifiedRelease(found, attested, install_release(place, _python(tagged.snapshot.project), wanted))


def _wait_for_release(
    tagged: TaggedRelease, order: VerifyOptions, manifest: Manifest, say: Callable[[str], None]
) -> tuple[ReleaseOnIndex, CiRuns]:
    """Watch the index, and CI where that can be asked. Raises `DeliveryError`."""
    known = [read_ci_runs(tagged)]

    def is_over() -> bool:
        # A forge takes some seconds until it lists the run that a push has started.
        if known[0].is_under_way or known[0].has_not_started:
            known[0] = read_ci_runs(tagged)
        return known[0].failed is not None

    if str(known[0]):
        say(f"CI: {known[0]}")
    found = IndexWatch(tagged.name, order.destination.simple, manifest, order.limit).keep(say, is_over)
    require_published(found, known[0], order.destination)
    return found, known[0]


def _python(project: Project) -> Interpreter:
    """Return the newest Python of a project that is installed, or else the one that runs this."""
    found = find_interpreters(project.pythons, os.environ)
    return found[-1] if found else Interpreter("{}.{}".format(*sys.version_info), Path(sys.executable))


PAUSES = (1, 2, 4, 8, 15)
"""Seconds between two looks at an index, the last of them for all that follow."""


@dataclass(frozen=True)
class WatchGoal:
    """What is waited for: whether it is so, and how far it has come in words."""

    is_reached: Callable[[ReleaseOnIndex], bool]
    progress: Callable[[ReleaseOnIndex], str]


ARRIVED = WatchGoal(
    lambda found: found.state not in {IndexState.NOT_THERE, IndexState.PARTLY}, lambda found: found.counted
)
"""All is there, or nothing more will come."""

YANKED = WatchGoal(
    lambda found: len(found.yanked) == len(found.served),
    lambda found: f"{len(found.yanked)} of {len(found.served)} files yanked",
)
"""Nobody gets it any more who does not ask for that very version."""


@dataclass(frozen=True)
class IndexWatch:
    """Who looks for a release: ``simple``: the address of the index; ``limit``: how many seconds it may take."""

    project: str
    simple: str
    manifest: Manifest
    limit: float

    def look(self) -> ReleaseOnIndex:
        """Look once. Raises `IndexUnreachable`."""
        return compare_with_index(read_project_files(self.simple, self.project), self)

    def keep(
        self, say: Callable[[str], None], is_over: Callable[[], bool], goal: WatchGoal = ARRIVED
    ) -> ReleaseOnIndex:
        """Look until the goal is reached, or until the time is over.

        ``is_over``: asked before each pause whether it is of use to wait. Raises `IndexUnreachable` when the index
        does not answer at first; afterwards it may be silent for a while.
        """
        end = time.monotonic() + self.limit
        found, said = self.look(), ""
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            left = end - time.monotonic()
            if goal.is_reached(found) or left <= 0 or is_over():
                break
            if said != goal.progress(found):
                said = goal.progress(found)
                say(f"{said} on {found.index}; waiting, {left:.0f} s at most")
            time.sleep(min(pause, left))
            found = self._look_again(found, say)
        return found

    def _look_again(self, before: ReleaseOnIndex, say: Callable[[str], None]) -> ReleaseOnIndex:
        try:
            return self.look()
        except IndexUnreachable as error:
            say(f"{error.what}; looking again")
            return before


def compare_with_index(project_files: ProjectFiles, watch: IndexWatch) -> ReleaseOnIndex:
    """Return what an index holds beside what was proved."""
    version = Version(watch.manifest.version)
    wanted = {one.path.name: one.sha256 for one in watch.manifest.files}
    served = project_files.of_release(version)
    return ReleaseOnIndex(
        watch.project,
        str(version),
        redacted_address(watch.simple),
        wanted,
        served,
        bool(project_files.files),
        watch.manifest.is_rebuilt,
    )


CODES = {
    IndexState.NOT_THERE: "NotThere",
    IndexState.PARTLY: "PartlyThere",
    IndexState.OTHER_BYTES: "OtherBytes",
    IndexState.YANKED: "Yanked",
}


def finish_command(found: ReleaseOnIndex, ci: CiRuns, destination: Destination) -> str:
    """Return the command that finishes a release, "" when it is finished."""
    if found.state is IndexState.PUBLISHED:
        return ""
    if found.state in {IndexState.OTHER_BYTES, IndexState.YANKED}:
        return task_command(f"undo {found.version}{destination.option}")
    if ci.is_under_way:
        return task_command(f"verify --version {found.version}{destination.option}")
    by_hand = task_command(f"publish --version {found.version}{destination.option}")
    return (ci.finish if not destination.named else "") or by_hand


def require_published(found: ReleaseOnIndex, ci: CiRuns, destination: Destination) -> None:
    """Raise the `DeliveryError` that says what became of a release, unless it is published."""
    if found.state is IndexState.PUBLISHED:
        return
    what = f"{found.project} {found.version} is {found.state.value} on {found.index}:"
    lines = [what, *(f"  {line}" for line in str(found).splitlines())]
    if str(ci):
        lines.append(f"  CI: {ci}")
    is_waiting = found.state in {IndexState.NOT_THERE, IndexState.PARTLY}
    code = "RunFailed" if is_waiting and ci.failed else CODES[found.state]
    raise DeliveryError("\n".join(lines), code=code, fix=finish_command(found, ci, destination))


AttestationsExpected = Literal["here", "by CI", "by nobody"]
"""Who has asked for attestations."""

ATTESTATION_FIX = "have CI publish with trusted publishing: they are made there, for the next version"


def require_attestations(
    found: ReleaseOnIndex, ci: CiRuns, destination: Destination, asked: AttestationsExpected
) -> str:
    """Return what there is to say of attestations, "" for nothing.

    Raises `Unattested` where they were asked for, and the index lists none or does not tell; by CI only where it is
    known to have published: what was published by hand has none.
    """
    maker = _maker(ci, destination) if asked != "by nobody" else ""
    why = _missing_attestations(found)
    if asked == "here" and why:
        raise DeliveryError(
            why,
            code="Unattested",
            fix=ATTESTATION_FIX if found.attestations_missing else "ask an index that tells it: PyPI does",
        )
    if maker and found.attestations_missing and ci.has_succeeded:
        raise DeliveryError(
            f"{why}, and {maker} makes them", code="Unattested", fix=f"look into its run; {ATTESTATION_FIX}"
        )
    if found.served and not why:
        return "the index lists attestations of each file"
    return f"{why}, and {maker} makes them" if maker else ""


def attestations_of(found: ReleaseOnIndex) -> dict[str, bool | None]:
    """Return for each file whether it has attestations, None where that is unknown."""
    return {one.name: None if one.provenance is None else bool(one.provenance) for one in found.served}


def _missing_attestations(found: ReleaseOnIndex) -> str:
    """Return what is not as it is asked for, "" where all is."""
    if found.attestations_missing:
        return f"{found.index} lists no attestations of {', '.join(found.attestations_missing)}"
    lacks = "it has an older simple API than 1.3"
    return f"{found.index} does not tell whether there are attestations: {lacks}" if found.attestations_unknown else ""


def _maker(ci: CiRuns, destination: Destination) -> str:
    """Return the workflow that makes attestations, "" for none: nobody makes them for any other index."""
    workflow, job = ci.publishing.workflow, ci.publishing.job
    is_for_them = destination.name in {PYPI, TESTPYPI}
    return workflow.name if workflow and job and job.attests and is_for_them else ""
