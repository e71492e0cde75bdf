"""The CI of a rehearsal: who publishes the project, and what runs when the tag arrives.

A release through a request in the sandbox: its branch is merged in each way of a forge, with a commit in between.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial import process
from seatrial.ci.before_upload import BUILD_SESSIONS, BeforeUpload, scripts_before_upload
from seatrial.ci.expressions import Answer
from seatrial.ci.github import WORKFLOWS_FOLDER
from seatrial.ci.gitlab import PIPELINE_FILE, Pipeline, PipelineJob
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, Publisher, Publishing, PublishingJob, file_that_tags
from seatrial.commands import CALLED_VARIABLE
from seatrial.distributions.cache import existing_files
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.errors import RehearsalError, StepFailed, WorkflowUnknown, ending_text, last_lines
from seatrial.events import EVENTS_VARIABLE, EventReader, Progress, SessionReader
from seatrial.git.repository import Repository, read_repository, read_tags
from seatrial.project.nox_sessions import ALL_SESSIONS, NoxCall, SessionList
from seatrial.project.settings import Config
from seatrial.project.snapshot import tag_form_of
from seatrial.release.manifest import Manifest
from seatrial.release.request_branch import RequestNote
from seatrial.workflows.generate import forge_of_remote
from seatrial.workflows.gitlab import GITLAB_COM

if TYPE_CHECKING:
    from seatrial.project.project import Project
    from seatrial.rehearsal.sandbox import Sandbox


ASSUMED_FILE = "release.yml"
"""The workflow that is assumed for a project in which none publishes."""


@dataclass(frozen=True)
class PublishingSetup:
    """How a project is published.

    ``publisher``: the publisher in the tokens of CI; ``registered``: the publisher that the index expects; ``before``:
    the commands of CI before the upload, None where no CI file publishes; ``remarks``: what is assumed; ``tokens``: the
    variables of a GitLab job with its tokens, and their audiences.
    """

    publisher: Publisher
    registered: Publisher
    before: BeforeUpload | None
    remarks: tuple[str, ...]
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read_publishing_setup(repository: Repository, project: Project, top: Path) -> PublishingSetup:
    """Return how a project is published; ``top``: a work tree of the commit, with ``project`` in it.

    Raises `PyprojectInvalid`, `TokenForbidden` or `PipelineInvalid`.
    """
    config = Config.from_project(project)
    overrides = config.publisher
    form = tag_form_of(project, config, existing_files(project.root), read_tags(repository))
    publishing = Publishing.of(repository, project, top, overrides, form.format(version="1.0.0", name=project.name))
    owner, name = (publishing.owner or "OWNER", publishing.repository or project.name)
    kind, host = None, None
    with contextlib.suppress(WorkflowUnknown):
        kind, host = forge_of_remote(repository)
    publishes, job = PIPELINE_FILE in publishing.others, publishing.job
    if (publishes and kind == "gitlab") or (job is None and (publishes or kind == "gitlab")):
        return _setup_of_pipeline(
            publishing, Publisher(owner, name, PIPELINE_FILE, forge="gitlab"), top, host or GITLAB_COM
        )
    file = job.workflow.name if job else ASSUMED_FILE
    publisher = Publisher(owner, name, file, _environment_of(job, overrides))
    return PublishingSetup(
        publisher=publisher,
        registered=publisher.registered_as(overrides),
        before=BeforeUpload.of(scripts_before_upload(job), publishing.folder) if job else None,
        remarks=_remarks(publishing),
    )


def _environment_of(job: PublishingJob | None, registered: Mapping[str, str]) -> str | None:
    """Return the environment of a job; where it is not known, the registered or the usual one."""
    environment = job.environment if job else None
    if job is not None and environment is None:
        return None
    name = environment.name if environment else None
    return name or registered.get("environment", DEFAULT_ENVIRONMENT)


def _setup_of_pipeline(publishing: Publishing, default: Publisher, top: Path, host: str) -> PublishingSetup:
    """Return the setup of a project that a GitLab pipeline publishes.

    ``default``: the publisher without its environment; ``host``: that of GitLab. Raises `PipelineInvalid`, or
    `TokenForbidden` for a job that can't publish.
    """
    path, overrides = top / PIPELINE_FILE, publishing.overrides
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "{}"
    pipeline = Pipeline.of(text, publishing.known_tag)
    job = pipeline.publishing_job(overrides.get("environment", DEFAULT_ENVIRONMENT))
    environment = job.environment if job else DEFAULT_ENVIRONMENT
    remarks = list(_unowned(publishing))
    if host != GITLAB_COM:
        remark = f"PyPI takes tokens of {host} only for organisations that it has let in"
        remarks.append(f"{remark}: one of {GITLAB_COM} was used")
    if environment is not None and "$" in environment:
        remarks.append(f"the environment {environment} is known to GitLab alone: the registered one is assumed")
        environment = overrides.get("environment", DEFAULT_ENVIRONMENT)
    publisher = replace(default, environment=environment)
    registered = publisher.registered_as(overrides)
    if job is None:
        remarks.append(f"no job of {PIPELINE_FILE} publishes: it and the environment {DEFAULT_ENVIRONMENT} are assumed")
        return PublishingSetup(publisher, registered, None, tuple(remarks))
    # An error in the answer was reported by the release, or the project ignores it.
    _, reason = pipeline.heard(job)
    remarks += [reason] if reason else []
    remarks += _token_remarks(job)
    before = BeforeUpload.of(pipeline.scripts_before_upload(job), publishing.folder)
    tokens = () if job.has_password else job.tokens
    return PublishingSetup(publisher, registered, before, tuple(remarks), tokens)


def _token_remarks(job: PipelineJob) -> list[str]:
    """Return remarks about the identity token of a job. Raises `TokenForbidden` where it has none."""
    if job.has_password:
        return [
            f"the job {job.name} of {PIPELINE_FILE} publishes with a stored password; trusted publishing was rehearsed"
        ]
    if job.asks is Answer.UNKNOWN:
        return [
            f"whether the job {job.name} of {PIPELINE_FILE} has id_tokens is not known: not all of it is in the file"
        ]
    if job.asks is Answer.NO:
        raise RehearsalError(
            f"the job {job.name} of {PIPELINE_FILE} requests no identity token, which publishing on PyPI requires",
            code="TokenForbidden",
            fix="id_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi\n"
            "or, with a password of the project's settings: variables: {TWINE_PASSWORD: $NAME}",
        )
    return []


def _unowned(publishing: Publishing) -> tuple[str, ...]:
    remark = "neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed"
    return () if publishing.owner else (remark,)


def _remarks(publishing: Publishing) -> tuple[str, ...]:
    """Return what has to be assumed. Raises `TokenForbidden` for a job that could not publish."""
    remarks, job = [*_unowned(publishing)], publishing.job
    if job is None:
        remarks.append(
            f"no workflow in {WORKFLOWS_FOLDER} publishes: {ASSUMED_FILE} and the environment {DEFAULT_ENVIRONMENT} "
            "are assumed"
        )
        return tuple(remarks)
    if job.publishes is Answer.UNKNOWN:
        remarks.append(f"whether {job.run.place} publishes is not known; it is assumed: {job.doubt}")
    elif job.is_started_by_tag and job.starts is Answer.UNKNOWN:
        remarks.append(f"whether {job.run.place} runs for the tag is not known; it is assumed: {job.reason}")
    if job.environment and job.environment.name is None:
        remarks.append(
            f"the environment of {job.run.place} is {job.environment}; {_environment_of(job, publishing.overrides)} is "
            "assumed"
        )
    if job.has_password:
        remarks.append(f"{job.workflow.name} publishes with a stored password; trusted publishing was rehearsed")
    elif job.publishes is Answer.YES and not job.may_get_token:
        raise RehearsalError(
            f"{job.run.place} may not request an identity token, which publishing on PyPI requires",
            code="TokenForbidden",
            fix="permissions:\n  id-token: write",
        )
    return tuple(remarks)


BUILD_SCRIPT = """\
from pathlib import Path
from seatrial.checks.registry import require_acceptable
from seatrial.distributions.build import ensure_built
from seatrial.events import Progress
from seatrial.project.project import Project
project = Project.from_directory(Path.cwd())
built = ensure_built(project, Path(sys.argv[1]), "rehearsal", print)
require_acceptable(tuple(built), {}, Progress.of_texts(print))
"""
"""The script that replaces the sessions ``build`` and ``check`` where the noxfile has neither."""

PLAIN_BUILD_SCRIPT = """\
from pathlib import Path
from seatrial.distributions.build import BuildEnvironment, build_distributions
from seatrial.installer import best_installer
state, into = map(Path, sys.argv[1:])
state.mkdir(parents=True, exist_ok=True)
environment = BuildEnvironment(state / "build", best_installer())
build_distributions(Path.cwd(), into, environment, None)
"""
"""The script that builds as ``python -m build`` does, in a build environment that is kept."""


def release_in_sandbox(sandbox: Sandbox, options: Sequence[str], progress: Progress, called: str) -> Manifest:
    """Release as the user would, and return what was verified; ``called``: what the user types before a task.

    Raises `StepFailed`.
    """
    release_by_command(sandbox, options, progress, called)
    manifest = Manifest.recall(read_repository(sandbox.project))
    if manifest is None:
        raise StepFailed("the release succeeded, but kept no manifest", fix="make room on the disk")
    return manifest


def release_by_command(
    sandbox: Sandbox,
    options: Sequence[str],
    progress: Progress,
    called: str,
    *,
    task: Sequence[str] = ("release", "--yes"),
) -> None:
    """Run ``seatrial release``, or another task, in the clone of a sandbox. Raises `StepFailed`."""
    args = (*process.module_command("seatrial"), *task, *options)
    environment = {**sandbox.environment, CALLED_VARIABLE: called, EVENTS_VARIABLE: "1"}
    reader = EventReader(progress)
    completed = process.run_streaming(args, cwd=sandbox.project, env=environment, say=reader)
    _require_success(args, completed.returncode, "\n".join(reader.output))


@dataclass(frozen=True)
class ReadyUpload:
    """The files that CI would upload; ``remarks``: how CI differs from the rehearsal."""

    files: tuple[Distribution, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, built: Iterable[Distribution], *, by_session: bool) -> ReadyUpload:
        """Choose what is uploaded of what was built. Raises `StepFailed` where nothing is left.

        ``by_session``: whether the sessions of CI built it; else CI builds compiled wheels on other machines.
        """
        files = tuple(built)
        if by_session and not files:
            raise StepFailed("the sessions ended well, but dist/ is empty", fix="have the session build fill dist/")
        if by_session:
            return cls(files)
        remarks = ["CI builds without nox -s build: sdist and wheel were built as python -m build does"]
        compiled = [file for file in files if file.is_wheel and not file.file_name.is_for_any_machine]
        remarks += [f"{file.path.name} was not uploaded: it was compiled for this machine" for file in compiled]
        for_any_machine = tuple(file for file in files if file not in compiled)
        if not for_any_machine:
            names = ", ".join(file.path.name for file in compiled)
            problem = (
                f"only {names} was built, which was compiled for this machine" if names else "the build made no file"
            )
            raise StepFailed(f"{problem}: no sdist to upload", fix="have the build backend make an sdist")
        return cls(for_any_machine, tuple(remarks))


@dataclass(frozen=True)
class WorkflowSteps:
    """The part of CI before the upload that a rehearsal runs: sessions, and a build.

    ``before``: the commands of CI, None where no CI file publishes; ``tests``: whether sessions run that neither build
    nor check.
    """

    sandbox: Sandbox
    before: BeforeUpload | None
    tests: bool

    @property
    def calls(self) -> tuple[NoxCall, ...]:
        """The calls of nox that are run."""
        calls = (NoxCall(BUILD_SESSIONS),) if self.before is None else self.before.calls
        return _with_sessions(calls, lambda name: self.tests or name in BUILD_SESSIONS)

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions of all calls."""
        return tuple(dict.fromkeys(name for call in self.calls for name in call.sessions))

    @property
    def builds_plainly(self) -> bool:
        """Whether CI builds without a session."""
        return self.before is not None and not self.before.sessions_build

    def about(self, tag: str) -> str:
        """Return a description of the steps."""
        parts = ["build the sdist and the wheel (PEP 517)"] if self.builds_plainly else []
        parts += [process.render_command(("nox", *call.args)) for call in self.calls]
        return f"{', then '.join(parts)}, in a fresh checkout of {tag}"

    def run(self, manifest: Manifest, progress: Progress) -> ReadyUpload:
        """Check the tag out, run the sessions, and return the files that CI would upload. Raises `StepFailed`."""
        project = self.sandbox.checkout(manifest.tag, "ci")
        state, dist = str(self.sandbox.folder / "state"), project / "dist"
        if self.builds_plainly:
            # Before any session, so that no file that a session leaves in the checkout is built.
            dist = self.sandbox.folder / "built"
            with progress.step("build") as step:
                script = process.script_command(PLAIN_BUILD_SCRIPT, state, str(dist))
                _run_streaming(script, self.sandbox, project, step.line)
        listing = _read_sessions(self.sandbox, project)
        for call in _with_sessions(self.calls, lambda name: bool(listing.failure) or listing.has(name)):
            args = (*process.module_command("nox"), *call.args)
            with contextlib.closing(SessionReader(progress)) as sessions:
                _run_streaming(args, self.sandbox, project, sessions)
        missing = [name for name in self.sessions if not listing.failure and not listing.has(name)]
        if not self.builds_plainly and set(missing).intersection(BUILD_SESSIONS):
            with progress.step("build and check") as step:
                _run_streaming(process.script_command(BUILD_SCRIPT, state), self.sandbox, project, step.line)
            missing = [name for name in missing if name not in BUILD_SESSIONS]
        remarks = [f"not run: nox -s {' '.join(missing)}, which the noxfile does not have"] if missing else []
        built = map(Distribution.from_path, distributions_in(dist))
        ready = ReadyUpload.of(built, by_session=not self.builds_plainly)
        return replace(ready, remarks=(*remarks, *ready.remarks))


def _with_sessions(calls: Sequence[NoxCall], is_chosen: Callable[[str], bool]) -> tuple[NoxCall, ...]:
    """Return calls of nox with some of their sessions, without those of which none is left."""
    chosen = (replace(call, sessions=tuple(filter(is_chosen, call.sessions))) for call in calls)
    return tuple(call for call in chosen if call.sessions)


def _read_sessions(sandbox: Sandbox, project: Path) -> SessionList:
    """Return the sessions of the noxfile; when it can't be read, nox reports why when it runs a session."""
    if not (project / "noxfile.py").is_file():
        return SessionList(is_there=False)
    done = sandbox.attempt(*process.module_command("nox"), "--list", "--json", *ALL_SESSIONS, cwd=project)
    return SessionList.from_json(done.output) if not done.returncode else SessionList(failure=done.errors)


def _run_streaming(args: tuple[str, ...], sandbox: Sandbox, cwd: Path, say: Callable[[str], None]) -> None:
    completed = process.run_streaming(args, cwd=cwd, env=sandbox.environment, say=say)
    _require_success(args, completed.returncode, completed.output)


def _require_success(args: tuple[str, ...], returncode: int, output: str) -> None:
    """Raise `StepFailed` for a command that failed."""
    if returncode:
        command = process.render_command(args).partition(" -m ")[2] or "the build"
        raise StepFailed(
            f"{command} {ending_text(returncode)}:\n{last_lines(output)}",
            fix="fix that, commit, and rehearse again",
        )


REQUEST = "--pull-request"

OF_THE_TAG = ("--no-tests", "--anyway")
"""The options of a release that its second part takes, too."""


@dataclass(frozen=True)
class WayOfMerging:
    """A way in which a forge merges a branch; ``commands``: those of git, with the branch as ``{branch}``."""

    name: str
    commands: tuple[tuple[str, ...], ...]


WAYS = (
    WayOfMerging("merge commit", (("merge", "--quiet", "--no-ff", "-m", "Merge {branch}", "origin/{branch}"),)),
    WayOfMerging("rebase", (("cherry-pick", "HEAD..origin/{branch}"),)),
    WayOfMerging(
        "squash",
        (("merge", "--quiet", "--squash", "origin/{branch}"), ("commit", "--quiet", "-m", "Release {version} (#1)")),
    ),
)
"""The ways of merging; with the last, the rehearsal goes on."""


def goes_through_request(project: Project, options: Sequence[str]) -> bool:
    """Whether a release with these options goes through a request."""
    return REQUEST in options or Config.from_project(project).through == "pull-request"


def release_through_request(sandbox: Sandbox, options: Sequence[str], progress: Progress, called: str) -> Manifest:
    """Open a request in the sandbox, merge it in each way, and tag it; return the manifest of the last tag.

    Raises `StepFailed`.
    """
    release_by_command(sandbox, (*(word for word in options if word != REQUEST), REQUEST), progress, called)
    note = RequestNote.recall(read_repository(sandbox.project))
    if note is None:
        raise StepFailed("the release pushed no branch", fix="make room on the disk")
    followed = [word for word in options if word in OF_THE_TAG]
    # Where CI makes the tag, it is made here in its place.
    task = ("tag", "--merged") if file_that_tags(sandbox.clone) else ("release", "--yes")
    for number, way in enumerate(WAYS, 1):
        # The last way is gone in the sandbox itself, the others in copies of it.
        place = sandbox if number == len(WAYS) else _copy(sandbox, f"way-{number}")
        with progress.step(f"merge ({way.name})", f"{note.branch} into {note.into}, after a commit in between") as step:
            _merge(place, way, note)
            release_by_command(place, followed, step, called, task=task)
        if place is not sandbox:
            shutil.rmtree(place.folder, ignore_errors=True)
    return _manifest(sandbox, note, progress)


def _copy(sandbox: Sandbox, name: str) -> Sandbox:
    """Return a sandbox with copies of the remote and the clone."""
    copied = replace(sandbox, folder=sandbox.folder / name)
    for folder in (sandbox.remote, sandbox.clone):
        shutil.copytree(folder, copied.folder / folder.name, symlinks=True)
    copied.run("git", "remote", "set-url", "origin", str(copied.remote), cwd=copied.clone)
    return copied


def _merge(sandbox: Sandbox, way: WayOfMerging, note: RequestNote) -> None:
    """Merge the branch as a forge does, in a clone of its own, and delete it."""
    forge = sandbox.folder / "forge"
    run: Callable[..., object] = lambda *words: sandbox.run("git", *words, cwd=forge)  # noqa: E731
    sandbox.run("git", "clone", "--quiet", str(sandbox.remote), str(forge), cwd=sandbox.folder)
    run("checkout", "--quiet", "-B", note.into, f"origin/{note.into}")
    run("commit", "--quiet", "--allow-empty", "-m", "Another change, merged before the release")
    for command in way.commands:
        run(*(word.format(branch=note.branch, version=note.release) for word in command))
    run("push", "--quiet", "origin", note.into, f":{note.branch}")
    shutil.rmtree(forge, ignore_errors=True)


def _manifest(sandbox: Sandbox, note: RequestNote, progress: Progress) -> Manifest:
    """Return the manifest of the tag: its commit has another date than the one that was verified."""
    kept = Manifest.recall(read_repository(sandbox.project))
    commit = sandbox.run("git", "rev-parse", f"refs/tags/{note.tag}^{{commit}}", cwd=sandbox.clone).strip()
    if kept and kept.is_of(note.tag, commit):
        return kept
    project = sandbox.checkout(note.tag, "merged")
    with progress.step("build", f"the files of {note.tag}") as step:
        script = process.script_command(BUILD_SCRIPT, str(sandbox.folder / "state"))
        done = process.run_streaming(script, cwd=project, env=sandbox.environment, say=step.line)
    if done.returncode:
        raise StepFailed(f"{note.tag} can't be built:\n{done.output}", fix="fix that, commit, and rehearse again")
    files = tuple(map(Distribution.from_path, distributions_in(project / "dist")))
    return Manifest(note.tag, note.release, commit, files, is_rebuilt=True)
