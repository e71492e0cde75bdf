"""The CI of a rehearsal: who publishes the project, and what runs when the tag arrives."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.ci.before_upload import BUILD_SESSIONS, BeforeUpload, scripts_before_upload
from seatrial.ci.condition import Answer
from seatrial.ci.github import WORKFLOWS_FOLDER, Workflow
from seatrial.ci.gitlab import PIPELINE_FILE, Pipeline
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, Publisher, Publishing
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.errors import LegFailed, RehearsalError, WorkflowUnknown, last_lines
from seatrial.events import EVENTS_VARIABLE, EventReader, SessionReader
from seatrial.git.repository import read_repository, read_tags
from seatrial.invocation import CALLED_VARIABLE, command_prefix
from seatrial.project.nox_sessions import ALL_SESSIONS, SessionList
from seatrial.project.settings import Config
from seatrial.project.snapshot import usual_tag_form
from seatrial.release.manifest import Manifest
from seatrial.workflows.generate import forge_of_remote
from seatrial.workflows.gitlab import GITLAB_COM

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seatrial.ci.gitlab import PipelineJob
    from seatrial.events import Progress
    from seatrial.git.repository import Repository
    from seatrial.project.project import Project
    from seatrial.publish.state import ReleaseOnIndex
    from seatrial.rehearsal.sandbox import Sandbox


ASSUMED = Workflow("release.yml")
"""What is assumed of a project in which no workflow publishes."""


@dataclass(frozen=True)
class PublishingSetup:
    """How a project is published.

    ``identity``: who the token of CI will say that it is; ``registered``: whom the index expects; ``before``: what CI
    does before the upload, None where no file is known that publishes; ``remarks``: what had to be assumed;
    ``tokens``: the variables in which a job of GitLab finds its tokens, and whom each is for.
    """

    publisher: Publisher
    registered: Publisher
    before: BeforeUpload | None
    remarks: tuple[str, ...]
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()


def read_publishing_setup(repository: Repository, project: Project, top: Path) -> PublishingSetup:
    """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

    Raises `PyprojectInvalid`, `TokenForbidden` or `PipelineInvalid`.
    """
    config = Config.from_project(project)
    told, form = config.publisher, config.tag or usual_tag_form(read_tags(repository), project.name)
    found = Publishing.of(repository, project, top, told, form.format(version="1.0.0", name=project.name))
    owner, name = (found.owner, found.repository) if found.owner else ("OWNER", project.name)
    kind, host = _forge_and_host(repository)
    publishes = PIPELINE_FILE in found.others
    if (publishes and kind == "gitlab") or (found.workflow is None and (publishes or kind == "gitlab")):
        return _setup_of_pipeline(found, Publisher(owner, name, PIPELINE_FILE, forge="gitlab"), top, host or GITLAB_COM)
    workflow, job = found.workflow or ASSUMED, found.job
    publisher = Publisher(owner, name, workflow.name, job.environment if job else DEFAULT_ENVIRONMENT)
    return PublishingSetup(
        publisher=publisher,
        registered=replace(publisher, **told),
        before=BeforeUpload.of(scripts_before_upload(found)) if job else None,
        remarks=_remarks(found),
    )


def _forge_and_host(repository: Repository) -> tuple[str, str]:
    """Return the kind and the host of the forge, both "" where nobody knows."""
    try:
        return forge_of_remote(repository)
    except WorkflowUnknown:
        return "", ""


def _setup_of_pipeline(found: Publishing, who: Publisher, top: Path, host: str) -> PublishingSetup:
    """Return the course of a project that a pipeline of GitLab publishes.

    Raises `PipelineInvalid`, or `TokenForbidden` for a job that could not publish.
    """
    path, told = top / PIPELINE_FILE, found.overrides
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "{}"
    pipeline = Pipeline.of(text, found.tag)
    job = pipeline.publishing_job(told.get("environment", DEFAULT_ENVIRONMENT))
    environment = job.environment if job else DEFAULT_ENVIRONMENT
    remarks = list(_unowned(found))
    if host != GITLAB_COM:
        said = f"PyPI takes tokens of {host} only for organisations that it has let in"
        remarks.append(f"{said}: one of {GITLAB_COM} was used")
    if "$" in environment:
        remarks.append(f"the environment {environment} is known to GitLab alone: the registered one is assumed")
        environment = told.get("environment", DEFAULT_ENVIRONMENT)
    publisher = replace(who, environment=environment)
    registered = replace(publisher, **told)
    if job is None:
        remarks.append(f"no job of {PIPELINE_FILE} publishes: it and the environment {DEFAULT_ENVIRONMENT} are assumed")
        return PublishingSetup(publisher, registered, None, tuple(remarks))
    said = pipeline.heard(job)[1]
    # Where it is an error, the release has been refused for it, or the project ignores it.
    remarks += [said] if said else []
    remarks += _about_token(job)
    before = BeforeUpload.of(pipeline.scripts_before_upload(job))
    tokens = () if job.has_password else job.tokens
    return PublishingSetup(publisher, registered, before, tuple(remarks), tokens)


def _about_token(job: PipelineJob) -> list[str]:
    """Return what is to be said about the identity token of a job. Raises `TokenForbidden` where it has none."""
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
            f"the job {job.name} of {PIPELINE_FILE} asks for no identity token, without which PyPI lets nobody publish",
            code="TokenForbidden",
            fix="id_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi\n"
            "or, with a password of the project's settings: variables: {TWINE_PASSWORD: $NAME}",
        )
    return []


def _unowned(found: Publishing) -> tuple[str, ...]:
    said = "neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed"
    return () if found.owner else (said,)


def _remarks(found: Publishing) -> tuple[str, ...]:
    """Return what has to be assumed. Raises `TokenForbidden` for a job that could not publish."""
    remarks = [*_unowned(found)]
    if found.workflow is None or found.job is None:
        remarks.append(
            f"no workflow in {WORKFLOWS_FOLDER} publishes: {ASSUMED.name} and the environment "
            f"{DEFAULT_ENVIRONMENT} are assumed"
        )
    elif found.job.has_password:
        remarks.append(f"{found.workflow.name} publishes with a stored password; trusted publishing was rehearsed")
    elif not found.job.may_ask:
        raise RehearsalError(
            f"the job {found.job.name} of {WORKFLOWS_FOLDER}/{found.workflow.name} may not ask for an identity token, "
            "without which PyPI lets nobody publish",
            code="TokenForbidden",
            fix="permissions:\n  id-token: write",
        )
    return tuple(remarks)


BUILD_SCRIPT = """\
import sys
sys.path[:] = [place for place in sys.path if place]
from pathlib import Path
from seatrial.checks.run import require_acceptable
from seatrial.distributions.build import ensure_built
from seatrial.events import Progress
from seatrial.project.project import Project
project = Project.from_directory(Path.cwd())
built = ensure_built(project, Path(sys.argv[1]), "rehearsal", print)
require_acceptable(tuple(built), {}, Progress.of_texts(print))
"""
"""What stands for the sessions ``build`` and ``check`` where the noxfile has none: the same, without nox."""

PLAIN_BUILD_SCRIPT = """\
import sys
sys.path[:] = [place for place in sys.path if place]
from pathlib import Path
from seatrial.distributions.build import BuildEnvironment, build_distributions
from seatrial.installer import best_installer
state, into = map(Path, sys.argv[1:])
state.mkdir(parents=True, exist_ok=True)
environment = BuildEnvironment(state / "build", best_installer())
build_distributions(Path.cwd(), into, environment, None)
"""
"""What ``python -m build`` does in CI, in a build environment that is kept."""


def release_in_sandbox(sandbox: Sandbox, options: Sequence[str], progress: Progress) -> Manifest:
    """Release as the user would, and return what was verified. Raises `LegFailed`."""
    args = (*process.module_command("seatrial"), "release", "--yes", *options)
    environment = {**sandbox.environment, CALLED_VARIABLE: command_prefix(), EVENTS_VARIABLE: "1"}
    reader = EventReader(progress)
    completed = process.run_streaming(args, cwd=sandbox.project, env=environment, say=reader)
    _require_success(args, completed.returncode, "\n".join(reader.output))
    manifest = Manifest.recall(read_repository(sandbox.project))
    if manifest is None:
        raise LegFailed("the release ended well, but kept no proof of what it built", fix="make room on the disk")
    return manifest


@dataclass(frozen=True)
class ReadyUpload:
    """The files that CI would upload; ``remarks``: what CI does differently."""

    files: tuple[Distribution, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class WorkflowSteps:
    """What CI does on the tag of a release up to the upload, as far as a rehearsal does it: sessions, and a build.

    ``before``: what the file of CI says, None where no file is known that publishes; ``tests``: whether other sessions
    run than those that build and check.
    """

    sandbox: Sandbox
    before: BeforeUpload | None
    tests: bool

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions that are run."""
        named = BUILD_SESSIONS if self.before is None else self.before.sessions
        return tuple(name for name in named if self.tests or name in BUILD_SESSIONS)

    @property
    def builds_plainly(self) -> bool:
        """Whether CI builds by other means than a session."""
        return self.before is not None and not self.before.sessions_build

    def about(self, tag: str) -> str:
        """Say what it does."""
        parts = ["build the sdist and the wheel (PEP 517)"] if self.builds_plainly else []
        parts += [f"nox -s {' '.join(self.sessions)}"] if self.sessions else []
        return f"{', then '.join(parts)}, in a fresh checkout of {tag}"

    def run(self, manifest: Manifest, progress: Progress) -> ReadyUpload:
        """Check the tag out, run the sessions, and return what CI would upload. Raises `LegFailed`."""
        project = self.sandbox.checkout(manifest.tag, "ci")
        state, dist = str(self.sandbox.folder / "state"), project / "dist"
        if self.builds_plainly:
            # Before any session: nothing that one leaves in the checkout is a part of what CI builds.
            dist = self.sandbox.folder / "built"
            with progress.step("build") as step:
                script = (sys.executable, "-c", PLAIN_BUILD_SCRIPT, state, str(dist))
                _run_streaming(script, self.sandbox, project, step.line)
        listing = _read_sessions(self.sandbox, project)
        wanted = [name for name in self.sessions if listing.failure or listing.has(name)]
        if wanted:
            args = (*process.module_command("nox"), "-s", *wanted)
            _run_streaming(args, self.sandbox, project, SessionReader(progress))
        missing = [name for name in self.sessions if name not in wanted]
        if not self.builds_plainly and set(missing).intersection(BUILD_SESSIONS):
            with progress.step("build and check") as step:
                _run_streaming((sys.executable, "-c", BUILD_SCRIPT, state), self.sandbox, project, step.line)
            missing = [name for name in missing if name not in BUILD_SESSIONS]
        remarks = [f"not run: nox -s {' '.join(missing)}, which the noxfile does not have"] if missing else []
        files = list(map(Distribution.from_path, distributions_in(dist)))
        if self.builds_plainly:
            remarks.append("CI builds without nox -s build: sdist and wheel were built as python -m build does")
            compiled = [one for one in files if one.is_wheel and not one.file_name.is_for_any_machine]
            remarks += [f"{one.path.name} was not uploaded: it was compiled for this machine" for one in compiled]
            files = [one for one in files if one not in compiled]
        if not files:
            raise LegFailed("the sessions ended well, but dist/ is empty", fix="have the session build fill dist/")
        return ReadyUpload(tuple(files), tuple(remarks))


def _read_sessions(sandbox: Sandbox, project: Path) -> SessionList:
    """Return the sessions of the noxfile; where it cannot be read, nox says why when it runs a session."""
    if not (project / "noxfile.py").is_file():
        return SessionList(is_there=False)
    done = sandbox.attempt(*process.module_command("nox"), "--list", "--json", *ALL_SESSIONS, cwd=project)
    return SessionList.from_json(done.output) if not done.returncode else SessionList(failure=done.errors)


def require_same_content(
    manifest: Manifest, found: ReleaseOnIndex, published: Sequence[Distribution]
) -> tuple[str, ...]:
    """Return how the files that the index serves are packaged differently from those that were proved.

    ``found``: what the index says about them; ``published``: the files as CI built them. Raises `BytesDiffer` where one
    is missing, or its content is different.
    """
    known, proved = ({one.path.name: one for one in files} for files in (published, manifest.files))
    wrong = [f"{name} is missing" for name in found.missing]
    remarks = []
    for one in found.different:
        if one.name not in known or known[one.name].sha256 != one.sha256:
            wrong.append(f"{one.name} is not the file that was uploaded")
            continue
        compared = compare(proved[one.name], known[one.name])
        if compared.sameness is Sameness.SAME_CONTENT:
            how = ", ".join(compared.packaging)
            remarks.append(f"{one.name} of CI has the content that was proved, packaged differently: {how}")
        else:
            wrong.append(f"{one.name} has other content: {', '.join(compared.differences)}")
    wrong += [f"{name} is published, and was not proved" for name in found.not_in_manifest]
    if wrong:
        raise RehearsalError(
            "the index serves something else than what the release proved:\n"
            + "\n".join(f"  {line}" for line in wrong),
            code="BytesDiffer",
            fix="find out what the build takes from outside the commit: the clock, the folder, the machine",
        )
    return tuple(remarks)


def _run_streaming(args: tuple[str, ...], sandbox: Sandbox, cwd: Path, say: Callable[[str], None]) -> None:
    completed = process.run_streaming(args, cwd=cwd, env=sandbox.environment, say=say)
    _require_success(args, completed.returncode, completed.output)


def _require_success(args: tuple[str, ...], returncode: int, output: str) -> None:
    """Raise `LegFailed` where a command did not end well."""
    if returncode:
        what = process.render_command(args).partition(" -m ")[2] or "the build"
        raise LegFailed(
            f"{what} ended with exit code {returncode}:\n{last_lines(output)}",
            fix="fix that, commit, and rehearse again",
        )
