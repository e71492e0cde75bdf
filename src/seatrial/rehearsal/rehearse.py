"""A rehearsal: a whole release in a sandbox, from a commit to an installed release, step by step."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial.checks.index import NameAnswer, answer_about_name
from seatrial.commands import INVOKE, Command
from seatrial.errors import (
    NotUsable,
    ProjectError,
    RehearsalError,
    SeatrialError,
    StepFailed,
    ToolError,
    UploadFailed,
    count_text,
    file_error,
)
from seatrial.events import Event, Note, Progress
from seatrial.git.repository import Repository, files_of_commit, read_repository, read_tags, uncommitted_files
from seatrial.index.client import PendingRelease, in_thread, read_project_or_look_alike
from seatrial.index.destination import pip_index_url
from seatrial.index.twine import Patience, twine_upload
from seatrial.project.project import Project
from seatrial.project.requirements import members_required
from seatrial.project.settings import Config
from seatrial.project.snapshot import releases_of
from seatrial.publish.install import InstalledRelease, InstallRequest, install_release, interpreters_to_install_on
from seatrial.publish.release_on_index import FileState, ReleaseOnIndex
from seatrial.publish.verify import IndexWatch
from seatrial.pythons import Interpreter, how_to_install, virtualenv_supports
from seatrial.redaction import redacted_address
from seatrial.rehearsal.ci import (
    PublishingSetup,
    WorkflowSteps,
    goes_through_request,
    read_publishing_setup,
    release_in_sandbox,
    release_through_request,
)
from seatrial.rehearsal.index_server import IndexApplication
from seatrial.rehearsal.network import LocalNetwork, open_network
from seatrial.rehearsal.oidc import NO_PUBLISHER, CiIdentity
from seatrial.rehearsal.sandbox import REHEARSER, Sandbox, make_sandbox
from seatrial.release.manifest import Manifest, describe_files
from seatrial.release.preconditions import local_reasons

if TYPE_CHECKING:
    from seatrial.ci.publisher import Publisher
    from seatrial.distributions.distribution import Distribution


INDEX_TIMEOUT = 30
"""Seconds that the index may take to show an upload."""

REFUSED = "a real release refuses:"
"""How the remark about what prevents a release begins."""

POLL_SECONDS = 1.0
"""Seconds between two checks for Ctrl-C."""


@dataclass(frozen=True)
class FinishedRehearsal:
    """A rehearsal whose sandbox still exists; ``result``: its report, or the step that failed."""

    result: RehearsalReport | StepFailed
    sandbox: Sandbox
    network: LocalNetwork

    def report(self) -> RehearsalReport:
        """Return the report. Raises `StepFailed`."""
        if isinstance(self.result, StepFailed):
            raise self.result
        return self.result

    @property
    def how_to_look_around(self) -> str:
        """Return the commands that show the sandbox."""
        lines = [
            "The sandbox stays until Ctrl-C:",
            f"  git clone {self.sandbox.remote}",
            f"  {self.network.home_url}  in a browser",
            f"  {self.sandbox.folder}  has all of it",
        ]
        if isinstance(self.result, RehearsalReport):
            requirement = f"{self.result.project}=={self.result.manifest.version}"
            lines.insert(2, f"  pip install --no-deps --index-url {self.network.simple_url} {requirement}")
        return "\n".join(lines)

    def stay(self) -> None:
        """Wait for Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            # On Windows, Ctrl-C does not interrupt a wait without a timeout.
            while not threading.Event().wait(POLL_SECONDS):
                pass


@contextlib.contextmanager
def rehearse_release(
    folder: Path,
    options: Sequence[str],
    environ: Mapping[str, str],
    progress: Progress,
    make_index: Callable[..., IndexApplication] = IndexApplication,
    *,
    called: str = INVOKE,
) -> Iterator[FinishedRehearsal]:
    """Rehearse the release of the project in ``folder``: yield how it went, and remove the sandbox at the end.

    ``options``: those of ``release``; ``environ``: the variables of the user; ``make_index``: the class of the
    index, which tests replace; ``called``: what the user types before a task, for the messages of the release. Raises
    `TokenForbidden`, or the error that prevents a sandbox.
    """
    repository, notes = read_repository(folder), list[str]()

    def emit(event: Event) -> None:
        if isinstance(event, Note):
            notes.append(event.text)
        progress.emit(event)

    answer = in_thread(_answer_about_name, repository, environ)
    with contextlib.ExitStack() as stack:
        with progress.step("sandbox", "a clone, a remote and an index on this machine"):
            sandbox = stack.enter_context(make_sandbox(repository, environ))
            project = Project.from_directory(sandbox.project)
            setup = read_publishing_setup(repository, project, sandbox.clone)
            remarks = _remarks(repository, project, sandbox, _oldest_and_newest(project, environ))
            index = sandbox.folder / "index"
            network = stack.enter_context(open_network(index, setup.registered, project.name, make_index=make_index))
        reported = replace(progress, emit=emit)
        rehearsal = Rehearsal(sandbox, network, project, setup, environ, reported, called)
        result: RehearsalReport | StepFailed
        try:
            report = rehearsal.run(options)
            # A rehearsal does not wait for an index that is not its own.
            name = answer.result() if answer.done() else None
            result = replace(report, remarks=(*remarks, *report.remarks), name=name, notes=tuple(notes))
        except StepFailed as error:
            # With the paths of the user's repository, because the clone is removed before the message is read.
            error.what = error.what.replace(str(sandbox.clone), str(repository.root))
            result = error
        yield FinishedRehearsal(result, sandbox, network)
        with progress.step("clean up", "the sandbox, with the environments of all sessions"):
            stack.close()


def _answer_about_name(repository: Repository, environ: Mapping[str, str]) -> NameAnswer | None:
    """Return what the index of real releases has under the name of the project, None where it does not answer."""
    try:
        project = Project.from_directory(repository.project)
        config = Config.from_project(project)
        index = config.index or pip_index_url(environ)
        project_files = read_project_or_look_alike(index, project.name)
        versions = tuple(releases_of(project, config, files_of_commit(repository), read_tags(repository)))
    except SeatrialError:
        return None
    return answer_about_name(PendingRelease(redacted_address(index), project.name, None, project_files, versions))


@dataclass(frozen=True)
class Rehearsal:
    """The rehearsal of a project in a sandbox.

    ``environ``: the variables of the user, by which interpreters are found; ``called``: what the user types before a
    task; ``seconds``: the duration of each step.
    """

    sandbox: Sandbox
    network: LocalNetwork
    project: Project
    setup: PublishingSetup
    environ: Mapping[str, str]
    progress: Progress
    called: str
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, options: Sequence[str]) -> RehearsalReport:
        """Run all steps. Raises `StepFailed`."""
        with self._step("release", f"seatrial release {' '.join(options)}") as step:
            make = release_through_request if goes_through_request(self.project, options) else release_in_sandbox
            manifest = make(self.sandbox, options, step, self.called)
        ci = WorkflowSteps(self.sandbox, self.setup.before, tests="--no-tests" not in options)
        with self._step("CI", ci.about(manifest.tag)) as step:
            ready = ci.run(manifest, step)
        published = ready.files
        with self._step("upload", f"to the local index, as {self.setup.publisher}") as step:
            self._upload(manifest, published, step)
        interpreters = _oldest_and_newest(self.project, self.environ)
        pythons = " and ".join(interpreter.version for interpreter in interpreters) or "none"
        with self._step("install", f"{self.project.name}=={manifest.version} from the local index, on {pythons}"):
            if not interpreters:
                raise NotUsable(
                    f"none of the Pythons {', '.join(self.project.pythons)} is installed",
                    fix=how_to_install(self.project.pythons[-1], self.environ),
                )
            request = InstallRequest.of(self.project.name, manifest.version, published, self.network.simple_url)
            needed = next((file.requirements() for file in published if file.is_wheel), ())
            with contextlib.suppress(ProjectError):
                # A folder outside of the repository is not in the sandbox.
                built = Project.from_directory(self.sandbox.project)
                request = replace(request, members=members_required(built, needed, self.sandbox.clone))
            installed = tuple(install_release(self.sandbox, interpreter, request) for interpreter in interpreters)
        with self._step("compare", "the files on the index with those that the release verified") as step:
            downloads = self.sandbox.folder / "downloads"
            downloads.mkdir()
            watch = IndexWatch(self.project.name, self.network.simple_url, manifest, INDEX_TIMEOUT, downloads)
            packaging = require_same_content(watch.keep(step.line, lambda: False))
        return RehearsalReport(
            project=self.project.name,
            manifest=manifest,
            installed=installed,
            seconds=self.seconds,
            publisher=self.setup.registered,
            remarks=(*self.setup.remarks, *ready.remarks, *packaging, *_remarks_on_members(request, installed)),
            not_run=self.setup.before.not_run if self.setup.before else (),
            places=self.setup.before.places if self.setup.before else (),
            options=tuple(options),
        )

    @contextlib.contextmanager
    def _step(self, name: str, about: str) -> Iterator[Progress]:
        """Run a step, and keep its duration; an error of seatrial in it becomes `StepFailed`."""
        started = time.monotonic()
        with self.progress.step(name, about) as step:
            try:
                yield step
            except SeatrialError as error:
                raise StepFailed(f"{name}: {error.what}", fix=error.fix, cause=error) from None
            except OSError as error:
                cause = file_error(error) or ToolError(str(error), code="FileUnusable", fix="rehearse again")
                raise StepFailed(f"{name}: {cause.what}", fix=cause.fix, cause=cause) from None
        self.seconds[name] = time.monotonic() - started

    def _upload(self, manifest: Manifest, files: Sequence[Distribution], progress: Progress) -> None:
        """Upload the files that CI built, with a token of the job that publishes. Raises `UploadFailed`."""
        identity = CiIdentity(self.setup.publisher, manifest.tag, manifest.commit)
        identity = replace(identity, tokens=self.setup.tokens) if self.setup.tokens else identity
        environment = self.network.environment(self.sandbox.environment, identity)
        self.network.require_loopback(environment, self.sandbox.folder)
        try:
            output = twine_upload([file.path for file in files], environment, Patience(self.network.index.patience))
            # The output ends with an address on PyPI, to which nothing was uploaded.
            for line in output.partition("\nView at:")[0].rstrip().splitlines():
                progress.line(line)
        except UploadFailed as error:
            if NO_PUBLISHER in error.what:
                error.fix = f"register on PyPI: {identity.publisher}\nexpected there: {self.setup.registered}"
            raise


def require_same_content(on_index: ReleaseOnIndex) -> tuple[str, ...]:
    """Return remarks about files that are packaged differently from those that the release verified.

    Raises `BytesDiffer` for a file that is missing, was not verified or has different content.
    """
    fine = {FileState.IDENTICAL, FileState.SAME_CONTENT}
    wrong = [name for name, state in on_index.file_states.items() if state not in fine]
    if wrong:
        raise RehearsalError(
            "the index does not serve what the release verified:\n"
            + "\n".join(f"  {name}  {on_index.describe_file(name)}" for name in wrong),
            code="BytesDiffer",
            fix="find out what the build takes from outside the commit: the clock, the folder, the machine",
        )
    return tuple(f"{name} of CI: {on_index.describe_file(name)}" for name in on_index.repackaged)


def _remarks_on_members(request: InstallRequest, installed: Iterable[InstalledRelease]) -> Iterator[str]:
    """Yield that requirements of a release came from its repository."""
    names = dict.fromkeys(member.partition(" @ ")[0] for each in installed for member in each.members)
    if names:
        yield (
            f"no index has what {request.name} {request.version} requires of {', '.join(names)}, installed from this "
            "repository here: publish them first, or with it"
        )


def _oldest_and_newest(project: Project, environ: Mapping[str, str]) -> tuple[Interpreter, ...]:
    """Return the oldest and the newest installed Python of a project, of those that virtualenv supports."""
    interpreters = interpreters_to_install_on(project.pythons, environ)
    return tuple(dict.fromkeys((*interpreters[:1], *interpreters[-1:])))


def _remarks(
    repository: Repository, project: Project, sandbox: Sandbox, interpreters: Sequence[Interpreter]
) -> tuple[str, ...]:
    """Return how a real release would differ."""
    remarks = [f"{REFUSED} {reason.what}" for reason in local_reasons(repository)]
    installed = {interpreter.version for interpreter in interpreters}
    old = [version for version in project.pythons if not virtualenv_supports(version)]
    if old:
        remarks.append(f"virtualenv does not support Python {', '.join(old)}, so nothing was installed on it")
    usable = tuple(filter(virtualenv_supports, project.pythons))
    ends = dict.fromkeys((*usable[:1], *usable[-1:]))
    missing = (version for version in ends if version not in installed)
    remarks += [f"Python {version} is not installed, so nothing was installed on it" for version in missing]
    left_out = uncommitted_files(repository)
    if left_out:
        differ = "differs from the commit, and was" if len(left_out) == 1 else "differ from the commit, and were"
        remarks.append(f"{count_text(len(left_out), 'file')} {differ} left out")
    if sandbox.identity == REHEARSER:
        remarks.append("git has no user.name and user.email, which a real release needs")
    attributes = sandbox.clone / ".gitattributes"
    if attributes.is_file() and "filter=" in attributes.read_text(encoding="utf-8", errors="replace"):
        remarks.append(
            "the filters that .gitattributes names, such as lfs, were not applied: they are in your configuration"
        )
    signs = {(repository.setting(f"{kind}.gpgsign") or "").lower() for kind in ("commit", "tag")}
    if signs & {"true", "yes", "on", "1"}:
        remarks.append("nothing was signed: your key stays with you")
    return tuple(remarks)


@dataclass(frozen=True)
class RehearsalReport:
    """The report of a rehearsal.

    ``seconds``: the duration of each step; ``publisher``: the publisher whose token was used; ``remarks``: how a real
    release would differ; ``not_run``: the commands of CI that a rehearsal does not run, and ``places`` the file and the
    job of each; ``name``: what the index of real releases has under the name of the project, None where it has not
    answered; ``options``: those of ``release``; ``notes``: what was shown before, and is not repeated.
    """

    project: str
    manifest: Manifest
    installed: tuple[InstalledRelease, ...]
    seconds: Mapping[str, float]
    publisher: Publisher
    remarks: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    name: NameAnswer | None = None
    places: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """What a rehearsal can't check."""
        publisher = self.publisher
        environment = f"environment {publisher.environment}" if publisher.environment else "no environment"
        place = f"owner {publisher.owner}, repository {publisher.repository}, workflow {publisher.workflow}"
        gate = f"the {environment}" if publisher.environment else "the workflow"
        name = () if self.name else (f"whether the name {self.project} is free on PyPI, or yours",)
        return (
            *name,
            f"whether PyPI has the publisher: {place}, {environment}; to register it: {Command('trusted-publisher')}",
            f"whether {gate} waits for a reviewer, and who may push tags",
        )

    @property
    def next_step(self) -> Command:
        """The command that makes the release, or that shows what prevents it."""
        is_refused = any(remark.startswith(REFUSED) for remark in self.remarks)
        words = [word for word in self.options if word != "--no-tests"]
        return Command("status") if is_refused else Command("release", *words)

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object (docs/json.md); durations are in seconds."""
        publisher, manifest = self.publisher, self.manifest
        return {
            "project": self.project,
            "version": manifest.version,
            "tag": manifest.tag,
            "commit": manifest.commit,
            "files": describe_files(manifest.files),
            "installed": [installed.as_dict() for installed in self.installed],
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "publisher": {
                "owner": publisher.owner,
                "repository": publisher.repository,
                "workflow": publisher.workflow,
                "environment": publisher.environment,
                "forge": publisher.forge,
            },
            "name": str(self.name) if self.name else None,
            "remarks": list(self.remarks),
            "not_run": list(self.not_run),
            "unknown": list(self.unknown),
        }

    def __str__(self) -> str:
        return self.card()

    def card(self, *, is_whole: bool = False) -> str:
        """Return it as text; ``is_whole``: with every command that was not run."""
        not_run = self.not_run if is_whole else first_commands(self.not_run, self.places)
        is_name_noted = any(self.name is not None and self.name.text in note for note in self.notes)
        rows = [
            ("name", [str(self.name)] if self.name and not is_name_noted else []),
            ("tag", [f"{self.manifest.tag} at {self.manifest.commit[:12]}"]),
            ("files", [f"{file.path.name}  {file.size:,} bytes  sha256 {file.sha256}" for file in self.manifest.files]),
            ("installed", list(map(str, self.installed))),
            ("remarks", list(self.remarks)),
            ("not run", list(not_run)),
            ("unknown", list(self.unknown)),
            ("next", [str(self.next_step)]),
        ]
        release = f"{self.project} {self.manifest.version}"
        lines = [f"{release} was rehearsed, on this machine only: released, uploaded and installed", ""]
        for head, texts in rows:
            lines += [f"{head if not number else '':10} {line}" for number, line in enumerate(texts)]
        return "\n".join(lines)


FIRST_LENGTH = 50
"""How many characters of the first command of a job are on a card."""


def first_commands(commands: Sequence[str], places: Sequence[str]) -> tuple[str, ...]:
    """Return a line for each job: the beginning of its first command, and how many more it has."""
    of_job: dict[str, list[str]] = {}
    for command, place in zip(commands, places):
        of_job.setdefault(place, []).append(command)
    lines = []
    for place, (first, *more) in of_job.items():
        begin = first if len(first) <= FIRST_LENGTH else f"{first[: FIRST_LENGTH - 1]}…"
        lines.append(f"{place}: {begin}" + (f", and {len(more)} more" if more else ""))
    return (*lines, *(["all of them: -v"] if len(lines) < len(commands) else []))
