"""A rehearsal: a whole release in a sandbox, from a commit to an installed release, step by step."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seatrial.errors import LegFailed, NotUsable, SeatrialError, UploadFailed
from seatrial.git.repository import read_repository, uncommitted_files
from seatrial.index.twine import twine_upload
from seatrial.project.project import Project
from seatrial.publish.install import InstalledRelease, InstallRequest, install_release
from seatrial.publish.verify import IndexWatch
from seatrial.pythons import find_interpreters, how_to_install
from seatrial.rehearsal.ci import (
    PublishingSetup,
    WorkflowSteps,
    read_publishing_setup,
    release_in_sandbox,
    require_same_content,
)
from seatrial.rehearsal.network import open_network
from seatrial.rehearsal.oidc import NO_PUBLISHER, CiIdentity
from seatrial.rehearsal.sandbox import REHEARSER, Sandbox, make_sandbox
from seatrial.release.preconditions import local_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from seatrial.ci.publisher import Publisher
    from seatrial.distributions.distribution import Distribution
    from seatrial.events import Progress
    from seatrial.git.repository import Repository
    from seatrial.pythons import Interpreter
    from seatrial.rehearsal.index_server import InjectedFaults
    from seatrial.rehearsal.network import LocalNetwork
    from seatrial.release.manifest import Manifest


INDEX_TIMEOUT = 30
"""Seconds that the index may take to show what it has taken."""

POLL_SECONDS = 1.0
"""Seconds between two looks for Ctrl-C."""


@dataclass(frozen=True)
class FinishedRehearsal:
    """A voyage that is over, while its world still stands; ``ended`` is its card, or what ended it."""

    ended: RehearsalReport | LegFailed
    sandbox: Sandbox
    network: LocalNetwork

    def report(self) -> RehearsalReport:
        """Return the card. Raises `LegFailed` when a leg failed."""
        if isinstance(self.ended, LegFailed):
            raise self.ended
        return self.ended

    @property
    def how_to_look_around(self) -> str:
        """Return the commands that show the world."""
        lines = [
            "The world stands until Ctrl-C:",
            f"  git clone {self.sandbox.remote}",
            f"  {self.network.home_url}  in a browser",
            f"  {self.sandbox.folder}  has all of it",
        ]
        if isinstance(self.ended, RehearsalReport):
            wanted = f"{self.ended.project}=={self.ended.manifest.version}"
            lines.insert(2, f"  pip install --no-deps --index-url {self.network.simple_url} {wanted}")
        return "\n".join(lines)

    def stay(self) -> None:
        """Wait until somebody ends it."""
        with contextlib.suppress(KeyboardInterrupt):
            # Without an end to each wait, Ctrl-C does not come through on Windows.
            while not threading.Event().wait(POLL_SECONDS):
                pass


@contextlib.contextmanager
def rehearse_release(
    folder: Path, options: Sequence[str], progress: Progress, faults: InjectedFaults | None = None
) -> Iterator[FinishedRehearsal]:
    """Rehearse the release of the project in ``folder``: yield how it went, and remove the sandbox at the end.

    ``options``: those of ``release``; ``faults``: what goes wrong with the index.
    Raises what keeps a sandbox from being made, or `TokenForbidden`.
    """
    repository = read_repository(folder)
    with contextlib.ExitStack() as stack:
        with progress.step("sandbox", "a clone, a remote and an index on this machine"):
            sandbox = stack.enter_context(make_sandbox(repository))
            project = Project.from_directory(sandbox.project)
            setup = read_publishing_setup(repository, project, sandbox.clone)
            remarks = (*_remarks(repository, project, sandbox), *setup.remarks)
            index = sandbox.folder / "index"
            network = stack.enter_context(open_network(index, setup.registered, project.name, faults=faults))
        rehearsal = Rehearsal(sandbox, network, project, setup, progress)
        ended: RehearsalReport | LegFailed
        try:
            manifest, installed, more = rehearsal.run(options)
            not_run = setup.before.not_run if setup.before else ()
            ended = RehearsalReport(
                project.name, manifest, installed, rehearsal.seconds, setup.registered, (*remarks, *more), not_run
            )
        except LegFailed as failure:
            # What it names is in the user's repository too, and the clone is gone when this is read.
            failure.what = failure.what.replace(str(sandbox.clone), str(repository.root))
            ended = failure
        yield FinishedRehearsal(ended, sandbox, network)
        with progress.step("clean up"):
            stack.close()


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsal of a project in a sandbox; ``seconds``: what each step took."""

    sandbox: Sandbox
    network: LocalNetwork
    project: Project
    setup: PublishingSetup
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, options: Sequence[str]) -> tuple[Manifest, tuple[InstalledRelease, ...], tuple[str, ...]]:
        """Run all steps; return what was verified and installed, and what CI does differently. Raises `LegFailed`."""
        with self._step("release", f"seatrial release {' '.join(options)}") as step:
            manifest = release_in_sandbox(self.sandbox, options, step)
        ci = WorkflowSteps(self.sandbox, self.setup.before, tests="--no-tests" not in options)
        with self._step("CI", ci.about(manifest.tag)) as step:
            ready = ci.run(manifest, step)
        published = ready.files
        with self._step("upload", f"to the local index, as {self.setup.publisher}") as step:
            self._upload(manifest, published, step)
        ends = _oldest_and_newest(self.project)
        pythons = " and ".join(one.version for one in ends) or "none"
        with self._step("install", f"{self.project.name}=={manifest.version} from the local index, on {pythons}"):
            if not ends:
                raise NotUsable(
                    f"none of the Pythons {', '.join(self.project.pythons)} is installed to install it on",
                    fix=how_to_install(self.project.pythons[-1], os.environ),
                )
            wanted = InstallRequest.of(self.project.name, manifest.version, published, self.network.simple_url)
            installed = tuple(install_release(self.sandbox, one, wanted) for one in ends)
        with self._step("compare", "the files on the index with those that the release verified") as step:
            watch = IndexWatch(self.project.name, self.network.simple_url, manifest, INDEX_TIMEOUT)
            packaged = require_same_content(manifest, watch.keep(step.line, lambda: False), published)
        return manifest, installed, (*ready.remarks, *packaged)

    def _step(self, name: str, about: str) -> contextlib.AbstractContextManager[Progress]:
        return _rehearsal_step(self.progress, self.seconds, name, about)

    def _upload(self, manifest: Manifest, files: Sequence[Distribution], progress: Progress) -> None:
        """Upload what CI has built, with a token of the job that publishes. Raises `UploadFailed`."""
        identity = CiIdentity(self.setup.publisher, manifest.tag, manifest.commit)
        identity = replace(identity, tokens=self.setup.tokens) if self.setup.tokens else identity
        environment = self.network.environment(self.sandbox.environment, identity)
        self.network.require_loopback(environment, self.sandbox.folder)
        try:
            said = twine_upload([one.path for one in files], environment, self.network.index.faults.patience)
            # It ends with an address on PyPI, where nothing has gone.
            for line in said.partition("\nView at:")[0].rstrip().splitlines():
                progress.line(line)
        except UploadFailed as error:
            if NO_PUBLISHER in error.what:
                error.fix = f"register on PyPI: {identity.publisher}\nexpected there: {self.setup.registered}"
            raise


def _oldest_and_newest(project: Project) -> tuple[Interpreter, ...]:
    """Return the oldest and the newest Python of a project that are installed."""
    found = find_interpreters(project.pythons, os.environ)
    return tuple(dict.fromkeys((*found[:1], *found[-1:])))


def _remarks(repository: Repository, project: Project, made: Sandbox) -> tuple[str, ...]:
    """Return what a real release would do otherwise."""
    told = [f"a real release refuses: {reason.what}" for reason in local_reasons(repository)]
    here = {one.version for one in _oldest_and_newest(project)}
    missing = [one for one in dict.fromkeys((project.pythons[0], project.pythons[-1])) if one not in here]
    told += [f"Python {one} is not installed, so nothing was installed on it" for one in missing]
    left_out = uncommitted_files(repository)
    if left_out:
        told.append(f"{len(left_out)} files are not as they are in the commit, and were left out")
    if made.identity == REHEARSER:
        told.append("git does not know who you are: a real release asks for user.name and user.email")
    attributes = made.clone / ".gitattributes"
    if attributes.is_file() and "filter=" in attributes.read_text(encoding="utf-8", errors="replace"):
        told.append(
            "the filters that .gitattributes names, such as lfs, were not applied: they are in your configuration"
        )
    signs = {(repository.setting(f"{kind}.gpgsign") or "").lower() for kind in ("commit", "tag")}
    if signs & {"true", "yes", "on", "1"}:
        told.append("nothing was signed: your key stays with you")
    return tuple(told)


@contextlib.contextmanager
def _rehearsal_step(progress: Progress, seconds: dict[str, float], name: str, about: str) -> Iterator[Progress]:
    """Run a step, and write what it took to ``seconds``.

    What is raised on purpose in it becomes `LegFailed`, which says in which step.
    """
    started = time.monotonic()
    with progress.step(name, about) as step:
        try:
            yield step
        except SeatrialError as error:
            raise LegFailed(f"{name}: {error.what}", fix=error.fix, cause=error) from None
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
            raise LegFailed(f"{name}: {what}", fix="free some space, or allow yourself to read and write it") from None
    seconds[name] = time.monotonic() - started


@dataclass(frozen=True)
class RehearsalReport:
    """What a rehearsal found.

    ``seconds``: how long each leg took; ``publisher``: whose token the upload was made with; ``remarks``: what was
    otherwise than in a real release; ``not_run``: the commands of CI that a rehearsal leaves out.
    """

    project: str
    manifest: Manifest
    installed: tuple[InstalledRelease, ...]
    seconds: Mapping[str, float]
    publisher: Publisher
    remarks: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a rehearsal can't know."""
        owner, who = self.publisher.owner, self.publisher
        environment = f", environment {who.environment}" if who.environment else ", no environment"
        asks = f"the environment {who.environment}" if who.environment else "the workflow"
        return (
            f"whether the name {self.project} is free on PyPI, or yours",
            f"whether PyPI knows the publisher: owner {owner}, repository {who.repository}, workflow {who.workflow}"
            + environment,
            f"whether {asks} waits for a reviewer, and who may push tags",
        )

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it; durations are seconds."""
        return {
            "project": self.project,
            **self.manifest.as_dict(),
            "installed": [one.__dict__ for one in self.installed],
            "seconds": {name: round(taken, 3) for name, taken in self.seconds.items()},
            "publisher": self.publisher.__dict__,
            "remarks": list(self.remarks),
            "not_run": list(self.not_run),
            "unknown": list(self.unknown),
        }

    def __str__(self) -> str:
        """Return it as text."""
        rows = [
            ("tag", [f"{self.manifest.tag} at {self.manifest.commit[:12]}"]),
            ("files", [f"{one.path.name}  {one.size:,} bytes  sha256 {one.sha256}" for one in self.manifest.files]),
            ("installed", [_installed_text(one) for one in self.installed]),
            ("took", [" · ".join(f"{name} {taken:.1f} s" for name, taken in self.seconds.items())]),
            ("remarks", list(self.remarks)),
            ("not run", list(self.not_run)),
            ("unknown", list(self.unknown)),
        ]
        what = f"{self.project} {self.manifest.version}"
        lines = [f"{what} was released, published and installed: on this machine alone", ""]
        for head, said in rows:
            lines += [f"{head if not number else '':10} {line}" for number, line in enumerate(said)]
        return "\n".join(lines)


def _installed_text(one: InstalledRelease) -> str:
    brought = [f"import {module}" for module in one.modules] + list(one.scripts)
    return f"Python {one.python}: {', '.join(brought) or 'nothing to import'}"
