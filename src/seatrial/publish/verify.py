"""Verifies a release: an index serves what its manifest lists, with attestations, and it can be installed."""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Literal

from seatrial import process
from seatrial.ci.before_upload import build_without_session, otherwise_built
from seatrial.commands import Command
from seatrial.errors import DeliveryError, IndexUnreachable
from seatrial.index.client import IndexFile, download_file, read_project_files
from seatrial.installer import installer_environment
from seatrial.publish.install import (
    InstalledRelease,
    InstallRequest,
    IsolatedFolder,
    install_release,
    interpreters_to_install_on,
)
from seatrial.publish.release_on_index import IndexState, ReleaseOnIndex
from seatrial.publish.tagged_release import CiRuns, TaggedRelease, manifest_of, read_ci_runs
from seatrial.pythons import Interpreter

if TYPE_CHECKING:
    from seatrial.ci.publisher import Publishing
    from seatrial.index.destination import Destination
    from seatrial.project.project import Project
    from seatrial.release.manifest import Manifest


AttestationsExpected = Literal["here", "by CI", "not at all"]
"""Who asked for attestations: the user on the command line, the workflow that publishes, or neither."""


@dataclass(frozen=True)
class VerifyOptions:
    """The options of `verify_published`.

    ``limit``: how many seconds to wait for the release; ``environ``: where an interpreter to install it on is found.
    """

    destination: Destination
    limit: float
    environ: Mapping[str, str]
    attestations: AttestationsExpected = "by CI"
    installs: bool = True


@dataclass(frozen=True)
class VerifiedRelease:
    """A release that is published: with the bytes that were verified, or with their content.

    ``attestations``: a remark about attestations, None for none; ``installed``: None where it was not installed;
    ``how_to_be_identical``: what would make the files identical, None where they are.
    """

    on_index: ReleaseOnIndex
    attestations: str | None
    installed: InstalledRelease | None
    how_to_be_identical: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object (docs/json.md)."""
        release = self.on_index
        return {
            "project": release.project,
            "version": release.version,
            "index": release.index,
            "state": release.state.name.lower(),
            "files": [
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "in_manifest": file.name in release.hashes,
                    "state": release.state_of(file.name).name.lower(),
                    "differences": list(release.differences_of(file.name)),
                    "has_attestations": None if file.provenance is None else bool(file.provenance),
                }
                for file in release.served
            ],
            "installed": self.installed.as_dict() if self.installed else None,
        }

    def __str__(self) -> str:
        release = self.on_index
        lines = [f"{release.project} {release.version} is {release.state.value}: {release.index}"]
        lines += [f"  {line}" for line in str(release).splitlines()]
        lines += [f"  {self.how_to_be_identical}"] if self.how_to_be_identical else []
        lines += [f"  {self.attestations}"] if self.attestations else []
        lines += [f"  installed on {self.installed}"] if self.installed else []
        return "\n".join(lines)


def verify_published(tagged: TaggedRelease, options: VerifyOptions, say: Callable[[str], None]) -> VerifiedRelease:
    """Wait until a release is on the index, compare it with its manifest, and install it.

    Raises `DeliveryError` with the command that finishes it, `IndexUnreachable` or `InstallFailed`.
    """
    destination = options.destination
    with tempfile.TemporaryDirectory(prefix="seatrial-verify-") as folder:
        manifest = manifest_of(tagged, Path(folder), say)
        downloads = Path(folder, "index")
        downloads.mkdir()
        on_index, runs = _wait_for_release(tagged, options, manifest, say, downloads)
        attestations = require_attestations(on_index, runs, destination, options.attestations)
        remark = how_to_be_identical(runs.publishing) if on_index.repackaged else None
        if not options.installs:
            return VerifiedRelease(on_index, attestations, None, remark)
        isolated = IsolatedFolder(Path(folder), installer_environment(process.child_environment()))
        request = InstallRequest.of(tagged.name, manifest.version, manifest.files, destination.simple)
        # What has the same content can have other bytes.
        request = replace(request, hashes=on_index.served_hashes)
        say(f"installing {request.name}=={request.version} in an empty environment")
        installed = install_release(isolated, _newest_python(tagged.snapshot.project, options.environ), request)
        return VerifiedRelease(on_index, attestations, installed, remark)


def how_to_be_identical(publishing: Publishing) -> str | None:
    """Return what would have made files identical that are packaged differently, None where that is not known."""
    if publishing.job is None and publishing.others:
        return otherwise_built(", ".join(publishing.others))
    return build_without_session(publishing)


def _wait_for_release(
    tagged: TaggedRelease, options: VerifyOptions, manifest: Manifest, say: Callable[[str], None], downloads: Path
) -> tuple[ReleaseOnIndex, CiRuns]:
    """Watch the index, and CI where gh reports it. Raises `DeliveryError`."""
    runs = read_ci_runs(tagged)

    def has_failed() -> bool:
        nonlocal runs
        # A forge takes some seconds until it lists the run that a push has started.
        if runs.is_running or runs.has_not_started:
            runs = read_ci_runs(tagged)
        return runs.failed is not None

    if str(runs):
        say(f"CI: {runs}")
    watch = IndexWatch(tagged.name, options.destination.simple, manifest, options.limit, downloads)
    on_index = watch.keep(say, has_failed)
    require_published(on_index, runs, options.destination)
    return on_index, runs


def _newest_python(project: Project, environ: Mapping[str, str]) -> Interpreter:
    """Return the newest Python of a project that is installed and virtualenv supports, or the one that runs this."""
    interpreters = interpreters_to_install_on(project.pythons, environ)
    return interpreters[-1] if interpreters else Interpreter("{}.{}".format(*sys.version_info), Path(sys.executable))


PAUSES = (1, 2, 4, 8, 15)
"""Seconds between two requests to an index; the last number is repeated."""


@dataclass(frozen=True)
class WatchGoal:
    """The state of a release that is waited for: whether it is reached, and the progress in words."""

    is_reached: Callable[[ReleaseOnIndex], bool]
    progress: Callable[[ReleaseOnIndex], str]


ARRIVED = WatchGoal(
    lambda release: release.state not in {IndexState.NOT_THERE, IndexState.PARTLY}, lambda release: release.counted
)
"""All files are on the index, or no more will come."""

YANKED = WatchGoal(
    lambda release: len(release.yanked) == len(release.served),
    lambda release: f"{len(release.yanked)} of {len(release.served)} files yanked",
)
"""Installers take the version only where it is pinned."""


@dataclass(frozen=True)
class IndexWatch:
    """Watches an index for a release; ``simple``: the address of its simple API; ``limit``: seconds to wait.

    ``downloads``: a folder for files that have other bytes, to compare their content; None compares the bytes alone.
    """

    project: str
    simple: str
    manifest: Manifest
    limit: float
    downloads: Path | None = None
    downloaded: dict[tuple[str, str], Path] = field(default_factory=dict)

    def look(self) -> ReleaseOnIndex:
        """Read the index once. Raises `IndexUnreachable`."""
        project_files = read_project_files(self.simple, self.project)
        release = ReleaseOnIndex.compare(self.manifest, self.project, self.simple, project_files)
        return release if self.downloads is None else release.with_content(self.manifest, self._download)

    def _download(self, file: IndexFile) -> Path:
        key = (file.name, file.sha256)
        if key not in self.downloaded and self.downloads is not None:
            self.downloaded[key] = download_file(file, self.downloads)
        return self.downloaded[key]

    def keep(
        self, say: Callable[[str], None], is_hopeless: Callable[[], bool], goal: WatchGoal = ARRIVED
    ) -> ReleaseOnIndex:
        """Read the index until the goal is reached, or until the time is over.

        ``is_hopeless``: called before each pause; no more waiting when it returns True. Raises `IndexUnreachable` when
        the index does not answer the first request; later it may be silent for a while.
        """
        end = time.monotonic() + self.limit
        release, reported = self.look(), None
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            remaining = end - time.monotonic()
            if goal.is_reached(release) or remaining <= 0 or is_hopeless():
                break
            if reported != goal.progress(release):
                reported = goal.progress(release)
                say(f"{reported} on {release.index}; waiting, {remaining:.0f} s at most")
            time.sleep(min(pause, remaining))
            try:
                release = self.look()
            except IndexUnreachable as error:
                say(f"{error.what}; looking again")
        return release


CODES = {
    IndexState.NOT_THERE: "NotThere",
    IndexState.PARTLY: "PartlyThere",
    IndexState.OTHER_BYTES: "NotCompared",
    IndexState.DIFFERENT: "ContentDiffers",
    IndexState.UNEXPECTED: "UnexpectedFiles",
    IndexState.YANKED: "Yanked",
}


def finish_command(release: ReleaseOnIndex, runs: CiRuns, destination: Destination) -> Command | str | None:
    """Return the command that finishes a release, None when it is finished."""
    if release.state.is_published:
        return None
    if release.state in {IndexState.DIFFERENT, IndexState.UNEXPECTED, IndexState.YANKED}:
        return Command("undo", release.version, *destination.option)
    if runs.is_running or _ci_may_publish(runs, destination) or release.state is IndexState.OTHER_BYTES:
        return Command("verify", "--version", release.version, *destination.option)
    by_hand = Command("publish", "--version", release.version, *destination.option)
    return by_hand if destination.named else runs.finish or by_hand


def _ci_may_publish(runs: CiRuns, destination: Destination) -> bool:
    """Whether CI may be publishing on the index, for all that is known."""
    return runs.are_unknown and not destination.named


def require_published(release: ReleaseOnIndex, runs: CiRuns, destination: Destination) -> None:
    """Raise `DeliveryError` with the state of a release, unless it is published."""
    if release.state.is_published:
        return
    is_waiting = release.state in {IndexState.NOT_THERE, IndexState.PARTLY}
    code = "RunFailed" if is_waiting and runs.failed else CODES[release.state]
    lines = [f"  CI: {runs}"] if str(runs) else []
    raise state_error(release, runs, destination, lines, code)


def state_error(
    release: ReleaseOnIndex,
    runs: CiRuns,
    destination: Destination,
    lines: Sequence[str] = (),
    code: str | None = None,
    *,
    before: str = "",
) -> DeliveryError:
    """Return the error about a release that is not published; ``before``: what it begins with, ``lines``: its end."""
    heading = f"{before}{release.project} {release.version} is {release.state.value} on {release.index}:"
    text = "\n".join([heading, *(f"  {line}" for line in str(release).splitlines()), *lines])
    fix = finish_command(release, runs, destination) or ""
    if release.state in {IndexState.NOT_THERE, IndexState.PARTLY} and _ci_may_publish(runs, destination):
        by_hand = Command("publish", "--version", release.version)
        page = f": {runs.page}" if runs.page else ""
        fix = f"see whether CI publishes it{page}\nif it does: {fix}\nif not: {by_hand}"
    if release.state in {IndexState.DIFFERENT, IndexState.UNEXPECTED}:
        fix = f"{_how_to_judge(release, runs)}\nif the files are wrong: {fix}"
    return DeliveryError(text, code=code or CODES[release.state], fix=fix)


def _how_to_judge(release: ReleaseOnIndex, runs: CiRuns) -> str:
    """Return where to look for the cause of files that were not verified, by who builds them."""
    job = runs.publishing.job
    if job is None and runs.publishing.others:
        return f"look in the log of {', '.join(runs.publishing.others)} for what was built and uploaded"
    if job is None:
        return "no workflow publishes, so they were uploaded by hand: find out who did, and from where"
    if release.state is IndexState.UNEXPECTED:
        return f"look in the log of {job.workflow.name} for what it uploads; nothing else may upload"
    if build_without_session(runs.publishing):
        how, cause = (
            "builds without nox -s build",
            "what its build takes from outside the commit: files, tools, the clock",
        )
    else:
        how, cause = (
            "runs nox -s build, which makes identical files from one commit",
            "another commit or a changed file",
        )
    return f"{job.workflow.name} {how}: look in its log for {cause}"


ATTESTATION_FIX = "have CI publish with trusted publishing: they are made there, for the next version"


def require_attestations(
    release: ReleaseOnIndex, runs: CiRuns, destination: Destination, expected: AttestationsExpected
) -> str | None:
    """Return a remark about the attestations of a release, None for none.

    Raises `Unattested` where they are expected and the index lists none or does not report them; from CI they are
    expected only when its runs have succeeded, because an upload by hand has none.
    """
    job = runs.publishing.job
    # An index that is not PyPI does not keep them.
    attests = job is not None and job.attests and destination.pypi and expected != "not at all"
    workflow = job.workflow.name if job and attests else None
    problem = _missing_attestations(release)
    if expected == "here" and problem:
        raise DeliveryError(
            problem,
            code="Unattested",
            fix=ATTESTATION_FIX
            if release.attestations_missing
            else "use an index that shows attestations, such as PyPI",
        )
    if workflow and release.attestations_missing and runs.has_succeeded:
        raise DeliveryError(
            f"{problem}, and {workflow} makes them", code="Unattested", fix=f"look into its run; {ATTESTATION_FIX}"
        )
    if release.served and not problem:
        return "the index lists attestations of each file"
    return f"{problem}, and {workflow} makes them" if workflow else None


def _missing_attestations(release: ReleaseOnIndex) -> str | None:
    """Return why the attestations of a release are not complete, None when they are."""
    if release.attestations_missing:
        return f"{release.index} lists no attestations of {', '.join(release.attestations_missing)}"
    if release.attestations_unknown:
        why = "it has an older simple API than 1.3"
        return f"{release.index} does not show whether there are attestations: {why}"
    return None
