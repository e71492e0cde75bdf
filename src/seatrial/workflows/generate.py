"""Generates the CI files of a project, and compares them with those in the repository."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from seatrial.checks.check import run_checks
from seatrial.checks.registry import WORKFLOW_CHECKS
from seatrial.checks.workflows import WorkflowFacts, keep_newer_pins, versions_match_commits
from seatrial.ci.github import WORKFLOWS_FOLDER, WorkflowFiles, read_yaml, texts_at
from seatrial.ci.gitlab import PIPELINE_FILE
from seatrial.commands import Command
from seatrial.distributions.cache import existing_files
from seatrial.errors import ProjectError, PyprojectInvalid, Reasons, SeatrialError, WorkflowUnknown
from seatrial.git.repository import FORGE, Repository, forge_of, read_repository, read_tags
from seatrial.project.config_files import table_at
from seatrial.project.project import Project
from seatrial.project.settings import CiSettings, Config
from seatrial.project.snapshot import tag_form_of
from seatrial.redaction import redact
from seatrial.storage import restore_line_ends
from seatrial.workflows.context import (
    ManagedBlock,
    WorkflowContext,
    group_of,
    jobs_below,
    new_file,
    read_sessions,
    require_build_sessions,
    require_coverage_session,
    require_version_in_files,
)
from seatrial.workflows.github import ci_workflow, dependabot_file, prepare_workflow, release_workflow
from seatrial.workflows.gitlab import GITLAB_COM, SIGSTORE_VARIABLE, gitlab_pipeline

if TYPE_CHECKING:
    from seatrial.findings import CheckResult
    from seatrial.project.nox_sessions import NoxSession


class DriftReason(Enum):
    """Why a file is not what it should be, and how to fix it."""

    def __init__(self, text: str, fix: str = "{write}") -> None:
        self.text, self.fix = text, fix

    MISSING = ("does not exist yet",)
    FOREIGN = (
        "was written by hand: no line says which part of it is generated",
        "to have it generated, move {path} out of the way, run {write}, and put your own jobs below the last mark",
    )
    ELSEWHERE = (
        "is not a file of this repository: it, or a folder above it, is a link, or a folder is in its place",
        "move {path} out of the way, then: {write}",
    )
    OTHER = (
        "is that of another package: GitLab has one pipeline for a repository",
        "call its jobs from one pipeline of your own; to have it written for this package instead: {write} --overwrite",
    )
    EDITED = (
        "was changed by hand between the marks",
        "put your own jobs below the last mark of {path}, then: {write} --overwrite",
    )
    OUTDATED = ("would be written otherwise today: the project, its settings or seatrial have changed",)
    UNUSED = ("is not generated any more: its setting is off",)
    UNUSED_EDITED = (
        "is not generated any more, its setting is off, and it has lines of your own",
        "remove {path}, or keep it as your own, without its lines # >>> and # <<<",
    )


WITHOUT_DIFFERENCE = {DriftReason.MISSING, DriftReason.OTHER, DriftReason.UNUSED, DriftReason.UNUSED_EDITED}


@dataclass(frozen=True)
class GeneratedFile:
    """A file that is generated: its path in the repository, and its generated lines.

    ``text`` is asked with the names of the jobs that the maintainer has below the region.
    """

    path: str
    text: Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class Drift:
    """A file that is not what it should be; ``now`` is its text, "" where it is not there, ``then`` what it should be.

    Of a file without a region, ``then`` is ``now``: nothing in it is seatrial's. One that should not be there has "".
    """

    path: str
    reason: DriftReason
    now: str
    then: str

    @property
    def fix(self) -> str:
        """How to fix it."""
        return self.reason.fix.format(path=self.path, write=Command("workflows"))

    def __str__(self) -> str:
        lines = difflib.unified_diff(
            self.now.splitlines(), self.then.splitlines(), f"a/{self.path}", f"b/{self.path}", lineterm="", n=1
        )
        difference = "" if self.reason in WITHOUT_DIFFERENCE else "".join(f"\n  {line}" for line in lines)
        return f"{self.path} {self.reason.text}{difference}"


def find_drift(expected: Iterable[GeneratedFile], files: Mapping[str, str | None]) -> tuple[Drift, ...]:
    """Compare what is wanted with the texts of files by their path.

    Files that do not exist have no key; a path that is not the repository's own, such as a link, has None.
    """
    return tuple(drift for file in expected if (drift := _drift_of(file, files)))


def _drift_of(expected: GeneratedFile, files: Mapping[str, str | None]) -> Drift | None:
    now = files.get(expected.path)
    if now is None and expected.path in files:
        return Drift(expected.path, DriftReason.ELSEWHERE, "", "")
    if now is None:
        return Drift(expected.path, DriftReason.MISSING, "", new_file(expected.text(())))
    block = ManagedBlock.find(now)
    if block is None:
        return Drift(expected.path, DriftReason.FOREIGN, now, now)
    text = keep_newer_pins(expected.text(jobs_below(block)), block.text)
    then = block.with_text(text).whole()
    if now == then:
        return None
    if _folder(block.text) != _folder(text):
        return Drift(expected.path, DriftReason.OTHER, now, then)
    is_ours = block.is_untouched and versions_match_commits(block.text)
    return Drift(expected.path, DriftReason.OUTDATED if is_ours else DriftReason.EDITED, now, then)


def _folder(text: str) -> str:
    """Return the folder of the package that a pipeline of GitLab is written for, "" for the top."""
    if "cd " not in text:
        return ""
    commands = texts_at(table_at(read_yaml(text)[0], "build"), "script")
    return commands[0].removeprefix("cd ") if commands and commands[0].startswith("cd ") else ""


DEPENDABOT_FILE = ".github/dependabot.yml"
IN_USE = (DriftReason.EDITED, DriftReason.OUTDATED)
"""The reasons that a file can have which was generated once."""

NOT_WRITTEN = (DriftReason.FOREIGN, DriftReason.ELSEWHERE, DriftReason.OTHER)
"""The reasons of a file that is not written, until somebody has made room for it."""

NO_REMOTE = "the repository has no remote, so the CI service is unknown"


@dataclass(frozen=True)
class Generator:
    """A repository, and the files of CI that a project in it should have; ``kind`` is that of its forge."""

    repository: Repository
    project: Project
    context: WorkflowContext
    kind: str
    expected: tuple[GeneratedFile, ...]

    @classmethod
    def of(cls, folder: Path) -> Generator:
        """Look at the project in ``folder``.

        Raises `NoRepository`, `ProjectError`, or `WorkflowUnknown` for a forge whose CI is not supported.
        """
        return cls.at(read_repository(folder), Project.from_directory(folder))

    @classmethod
    def at(
        cls, repository: Repository, project: Project, *, tag_form: str | None = None, has_lfs: bool | None = None
    ) -> Generator:
        """Look at a project that may lie elsewhere than its repository, in a clone.

        ``tag_form`` and ``has_lfs``: None where they are still to be read. Raises as `of` does, and `PyprojectInvalid`
        for settings that have no effect.
        """
        config = Config.from_project(project)
        form = tag_form or tag_form_of(project, config, existing_files(project.root), read_tags(repository))
        context = WorkflowContext.of(repository, project, config, form, has_lfs=has_lfs)
        kind, host = forge_of_remote(repository)
        require_usable_settings(project, config.workflows, kind)
        path = repository.root / PIPELINE_FILE
        if kind == "gitlab" and not host and path.is_file() and SIGSTORE_VARIABLE in _text(path):
            # The remote does not show it, as in a rehearsal: it is the one that the pipeline was written for.
            host = GITLAB_COM
        # Only the pipeline of GitLab names the sessions: the matrix of GitHub is made when it runs.
        sessions = read_sessions(project.root) if kind == "gitlab" else ()
        return cls(repository, project, context, kind, generated_files(context, kind, sessions, host))

    def drift(self) -> tuple[Drift, ...]:
        """Return which files are not what they should be. Raises `WorkflowInvalid`."""
        return (*find_drift(self.expected, self._texts(self.repository.root)), *self._unused())

    def _unused(self) -> Iterator[Drift]:
        """Yield the file of a setting that was switched off."""
        name = f"{WORKFLOWS_FOLDER}/{self.context.prepare}"
        path = self.repository.root / name
        if self.context.settings.prepare or not path.is_file() or _leads_away(path, self.repository.root):
            return
        text = _text(path)
        block = ManagedBlock.find(text)
        if block is not None:
            is_ours = block.is_untouched and versions_match_commits(block.text) and new_file(block.text) == text
            yield Drift(name, DriftReason.UNUSED if is_ours else DriftReason.UNUSED_EDITED, text, "")

    def drift_in(self, top: Path) -> tuple[Drift, ...]:
        """Return which files are not what they should be in a clone; there need be none."""
        return find_drift(self.expected, self._texts(top))

    def require_sessions(self) -> None:
        """Raise `NoxfileBroken` or `SessionMissing` where the noxfile has not what the workflows call."""
        sessions = read_sessions(self.project.root)
        require_build_sessions(sessions, Config.from_project(self.project).workflows.verification)
        if self.context.combines:
            require_coverage_session(sessions)

    def require_current(self) -> None:
        """Raise `WorkflowsDrifted` unless every file is what it should be; one that was written by hand may differ."""
        drifts = [drift for drift in self.drift() if drift.reason is not DriftReason.FOREIGN]
        if drifts:
            raise _drifted(drifts)

    def write(self, *, overwrite: bool = False) -> tuple[Drift, ...]:
        """Write the files, remove the one that is not generated any more, and return what has changed.

        Where one of them was written or changed by hand, or is another package's, that is said and it stays. Nothing
        is written where a file could not be read again. Raises `WorkflowsDrifted` or `WorkflowInvalid`.
        """
        drifts = self.drift()
        kept = {
            DriftReason.FOREIGN,
            DriftReason.ELSEWHERE,
            DriftReason.UNUSED_EDITED,
            *(() if overwrite else (DriftReason.EDITED, DriftReason.OTHER)),
        }
        refused = [drift for drift in drifts if drift.reason in kept]
        for drift in drifts:
            if drift.reason not in kept:
                require_valid(drift)
        for drift in drifts:
            path = self.repository.root / drift.path
            if drift.reason is DriftReason.UNUSED:
                path.unlink()
            elif drift.reason not in kept:
                path.parent.mkdir(parents=True, exist_ok=True)
                old = path.read_bytes() if path.exists() else b""
                path.write_bytes(restore_line_ends(old, drift.then.encode("utf-8", "surrogateescape")))
        if refused:
            raise _drifted(refused)
        return drifts

    def _texts(self, top: Path) -> dict[str, str | None]:
        """Return the texts of the files that are there, None for a link, which is not written through."""
        paths = {file.path: top / file.path for file in self.expected}
        existing = {name: path for name, path in paths.items() if os.path.lexists(path) or _leads_away(path, top)}
        is_own = {name: path.is_file() and not _leads_away(path, top) for name, path in existing.items()}
        return {name: _text(path) if is_own[name] else None for name, path in existing.items()}


def _drifted(drifts: Iterable[Drift]) -> ProjectError:
    fixes = dict.fromkeys(drift.fix for drift in drifts)
    return ProjectError("\n".join(map(str, drifts)), code="WorkflowsDrifted", fix="\n".join(fixes))


def require_usable_settings(project: Project, settings: CiSettings, kind: str | None) -> None:
    """Raise `PyprojectInvalid` for settings that have no effect; ``kind``: that of the forge, None where unknown."""
    keys = ['tag = "on-merge"'] * settings.tags_merges + ["prepare = true"] * settings.prepare
    if kind == "gitlab" and keys:
        raise PyprojectInvalid(
            f"{' and '.join(keys)} in [tool.seatrial.workflows] of {project.path}: only GitHub has such a workflow, "
            "and the remote is on GitLab",
            fix=f"remove {'it' if len(keys) == 1 else 'them'}; {Command('release', '--pull-request')} opens the merge "
            f"request, and after the merge {Command('release')} makes the tag",
        )
    if settings.tags_merges:
        require_version_in_files(project)


def require_valid(drift: Drift) -> None:
    """Raise `WorkflowInvalid` for a file that could not be read again: the lines around the generated ones do that."""
    _, problem = read_yaml(drift.then)
    if problem is not None:
        raise ProjectError(
            f"{drift.path} would not be valid: {problem}",
            code="WorkflowInvalid",
            fix=f"correct the lines of your own in {drift.path}, above and below the generated lines",
        )


@dataclass(frozen=True)
class WorkflowsReport:
    """What a check of the workflows of a project found.

    ``results``: those of all checks; ``compared``: the files, and how they compare; ``errors``: what is wrong.
    """

    results: tuple[CheckResult, ...]
    compared: str | None = None
    errors: tuple[SeatrialError, ...] = ()

    def raise_errors(self) -> None:
        """Raise what is wrong, if anything is: as one error."""
        if self.errors[1:]:
            what, fix = (
                "\n".join(map(str, texts)) for texts in zip(*((error.what, error.fix) for error in self.errors))
            )
            raise ProjectError(what, code=self.errors[0].code, fix=fix)
        if self.errors:
            raise self.errors[0]


def check_workflows(folder: Path) -> WorkflowsReport:
    """Check every workflow, and compare those that are generated with the project.

    Where all files of CI were written by hand, nothing is compared.
    """
    repository, project = read_repository(folder), Project.from_directory(folder)
    files, by_hand = WorkflowFiles.in_tree(repository.root), _files_by_hand(repository.root)
    results = run_workflow_checks(files, Config.from_project(project).ignore, group_of(project))
    reasons = Reasons()
    unsafe = dict.fromkeys(result.subject for result in results if result.blocks)
    if unsafe:
        fix = "correct what is reported above, or ignore it with a reason"
        reasons.extend([ProjectError(f"checks failed for {', '.join(unsafe)}", code="WorkflowsUnsafe", fix=fix)])
    if by_hand is not None:
        return WorkflowsReport(results, f"{', '.join(by_hand)}: written by hand, and checked", tuple(reasons))
    compared = None
    with reasons.gather():
        generator = Generator.at(repository, project)
        generator.require_sessions()
        generator.require_current()
        compared = f"{', '.join(file.path for file in generator.expected)}: up to date"
    return WorkflowsReport(results, compared, tuple(reasons))


def run_workflow_checks(
    files: WorkflowFiles, ignore_reasons: Mapping[str, str], group: str | None
) -> tuple[CheckResult, ...]:
    """Return the results of all checks of workflows; ``group``: the dependency group that holds seatrial."""
    return tuple(
        result
        for workflow in files
        for result in run_checks(
            WORKFLOW_CHECKS, WorkflowFacts(workflow, files, group), subject=workflow.path, ignore_reasons=ignore_reasons
        )
    )


def _files_by_hand(top: Path) -> tuple[str, ...] | None:
    """Return the files of CI where all of them were written by hand; None where one is generated, or there are none."""
    paths = [*sorted((top / WORKFLOWS_FOLDER).glob("*.y*ml")), top / PIPELINE_FILE]
    texts = {path: _text(path) for path in paths if path.is_file()}
    if not texts or any(ManagedBlock.find(text) for text in texts.values()):
        return None
    return tuple(path.relative_to(top).as_posix() for path in texts)


def _leads_away(path: Path, top: Path) -> bool:
    """Whether a file, or a folder between it and the top of the repository, is a link."""
    between = (path, *(folder for folder in path.parents if top in folder.parents))
    return any(folder.is_symlink() for folder in between)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def generated_files(
    context: WorkflowContext, kind: str, sessions: tuple[NoxSession, ...] = (), host: str = GITLAB_COM
) -> tuple[GeneratedFile, ...]:
    """Return the files that a project should have: ``kind`` and ``host`` of its forge, ``sessions`` of its noxfile."""
    if kind == "gitlab":
        return (GeneratedFile(PIPELINE_FILE, lambda _: gitlab_pipeline(context, sessions, host)),)

    prepares = GeneratedFile(f"{WORKFLOWS_FOLDER}/{context.prepare}", lambda _: prepare_workflow(context))
    return (
        GeneratedFile(f"{WORKFLOWS_FOLDER}/{context.ci}", lambda more: ci_workflow(context, more)),
        GeneratedFile(f"{WORKFLOWS_FOLDER}/{context.release}", lambda _: release_workflow(context)),
        *([prepares] if context.settings.prepare else []),
        GeneratedFile(DEPENDABOT_FILE, lambda _: dependabot_file()),
    )


def forge_of_remote(repository: Repository) -> tuple[str, str]:
    """Return the kind of the remote's forge, and its host. Raises `WorkflowUnknown` for another forge."""
    addresses = repository.forge_addresses
    matches = [FORGE.fullmatch(address) for address in addresses]
    hosts = [match["host"] if match else "" for match in matches]
    for address, host in zip(addresses, hosts):
        kind = forge_of(address)
        if kind:
            return kind, host
    for name, sign in (("gitlab", PIPELINE_FILE), ("github", ".github")):
        if (repository.root / sign).exists():
            return name, next(iter(hosts), "")
    problem = f"{' and '.join(map(redact, addresses))} is neither GitHub nor GitLab" if addresses else NO_REMOTE
    fix = f"for GitLab: touch {PIPELINE_FILE}; where workflows of GitHub run, as on Forgejo: mkdir .github"
    raise WorkflowUnknown(problem, fix=fix if addresses else "git remote add origin ADDRESS, or: mkdir .github")
