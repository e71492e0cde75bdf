"""The changes that `seatrial init` proposes for a project, in parts.

A maintainer can leave out each part: by an option, or in a menu before the files.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Callable

from seatrial.ci.github import WORKFLOWS_FOLDER, Workflow
from seatrial.ci.gitlab import PIPELINE_FILE
from seatrial.ci.publisher import is_of_another
from seatrial.commands import Command
from seatrial.errors import ProjectError, SeatrialError
from seatrial.git.command import is_ignored
from seatrial.init.changelog import ChangelogPlan, ChangelogSource, changelog_files, plan_changelog
from seatrial.init.detect import BEGUN_PYPROJECT, DetectedProject
from seatrial.init.files import (
    Proposal,
    ProposedFile,
    add_classifiers,
    extend_pyproject,
    missing_classifiers,
    new_face_files,
    session_calls,
)
from seatrial.init.sessions import (
    FACE_FILES,
    PlannedSession,
    collects_every_module,
    existing_sessions,
    has_block,
    plan_sessions,
    script_block,
    seatrial_requirement,
)
from seatrial.project.project import Project
from seatrial.terminal import Choice
from seatrial.workflows.generate import DriftReason, Generator

COVERAGE_DATA = ".coverage"
IGNORED = (".nox/", "dist/", COVERAGE_DATA)
"""The files and folders that sessions write, for git to ignore."""
PYPROJECT = PurePosixPath("pyproject.toml")

GO_ON = "go on"
"""The answer of the menu that changes nothing."""

SESSIONS = ("tests", "mypy", "lint")
"""The sessions that can be left out; the others make and check the distributions."""

SOURCES: tuple[ChangelogSource, ...] = ("unreleased", "fragments", "none")


@dataclass(frozen=True)
class Parts:
    """What is proposed.

    ``workflows``: whether the files of CI are; ``classifiers``: whether the metadata gets those of the Pythons;
    ``tasks``: whether invoke gets a tasks.py; ``changelog`` and ``moves_notes``: as for `plan_changelog`; ``without``:
    the sessions that are left out.
    """

    workflows: bool = True
    classifiers: bool = False
    tasks: bool = True
    changelog: ChangelogSource | None = None
    moves_notes: bool = False
    without: tuple[str, ...] = ()

    def planned(self, detected: DetectedProject) -> tuple[PlannedSession, ...]:
        """Return the sessions of the noxfile."""
        return tuple(session for session in plan_sessions(detected) if session.name not in self.without)

    def propose(self, detected: DetectedProject, planned: Sequence[PlannedSession] | None = None) -> Proposal:
        """Return the files to write into a project, in the order in which they are written.

        ``planned``: the sessions of the noxfile, None for all that are not left out.
        """
        planned = self.planned(detected) if planned is None else planned
        plan = plan_changelog(detected, self.changelog, moves_notes=self.moves_notes)
        remarks = list(plan.remarks)
        left_out = {name for name in FACE_FILES if (detected.project.root / name).exists()}
        left_out |= set() if self.tasks else {"tasks.py"}
        faces = new_face_files(detected, planned).items()
        new = [ProposedFile(PurePosixPath(name), None, text) for name, text in faces if name not in left_out]
        old = [*changelog_files(detected, plan), *_pyproject(detected, plan, classifiers=self.classifiers)]
        old += add_classifiers(detected) if self.classifiers else ()
        own = [*old, *_ignored(detected, [*old, *new]), *new]
        files = [replace(file, path=PurePosixPath(detected.repository.prefix, file.path)) for file in own]
        if self.workflows:
            ci_files, drift_remarks = workflow_files(detected, own, planned)
            files, remarks = [*files, *ci_files], [*remarks, *drift_remarks]
            if has_own_ci(detected):
                command = Command("workflows")
                remarks.append(f"The CI configuration is your own, and was left alone; to generate it: {command}")
        return Proposal(tuple(files), (*remarks, *_remarks(detected, planned)))

    def choices(self, detected: DetectedProject) -> tuple[Choice, ...]:
        """Return the rows of the menu: what is written of each part that the project can have."""
        names = dict.fromkeys(plan.name for plan in plan_sessions(detected) if plan.name in SESSIONS)
        rows = [Choice(GO_ON, "with these parts")]
        rows += [Choice(name, _yes(is_written=name not in self.without)) for name in names]
        rows.append(Choice("changelog", self._source(detected)))
        if not has_own_ci(detected):
            rows.append(Choice("workflows", _yes(is_written=self.workflows)))
        if not detected.project.pythons_classified and missing_classifiers(detected.project):
            rows.append(Choice("classifiers", _yes(is_written=self.classifiers)))
        if not (detected.project.root / "tasks.py").exists():
            rows.append(Choice("tasks.py", _yes(is_written=self.tasks)))
        return tuple(rows)

    def changed(self, detected: DetectedProject, word: str) -> Parts:
        """Return the parts after a row of the menu was chosen."""
        if word in SESSIONS:
            kept = tuple(name for name in self.without if name != word)
            return replace(self, without=kept if word in self.without else (*self.without, word))
        if word == "changelog":
            place = SOURCES.index(self._source(detected)) + 1
            source = SOURCES[place % len(SOURCES)]
            return replace(self, changelog=source, moves_notes=source == "fragments")
        if word == "workflows":
            return replace(self, workflows=not self.workflows)
        if word == "classifiers":
            return replace(self, classifiers=not self.classifiers)
        return replace(self, tasks=not self.tasks)

    def _source(self, detected: DetectedProject) -> ChangelogSource:
        return plan_changelog(detected, self.changelog, moves_notes=self.moves_notes).source


def _pyproject(detected: DetectedProject, plan: ChangelogPlan, *, classifiers: bool) -> Iterator[ProposedFile]:
    old = detected.read(PYPROJECT)
    new = extend_pyproject(detected, old or BEGUN_PYPROJECT, plan.tables, plan.settings, classifiers=classifiers)
    yield from [ProposedFile(PYPROJECT, old, new)] if old != new else ()


def _ignored(detected: DetectedProject, files: Iterable[ProposedFile]) -> Iterator[ProposedFile]:
    """Yield .gitignore with what is left behind, and without ``files``: what git ignores is in no release."""
    path, root = PurePosixPath(".gitignore"), detected.project.root
    command = detected.tests.command
    is_measured = command is not None and detected.project.is_measured(command)
    written = (name for name in IGNORED if is_measured or name != COVERAGE_DATA)
    missing = [name for name in written if not is_ignored(root, name)]
    missing += [f"!/{file.path}" for file in files if file.old is None and is_ignored(root, str(file.path))]
    if missing:
        old = detected.read(path)
        text = f"{old.rstrip(chr(10))}\n" if old and old.strip() else ""
        yield ProposedFile(path, old, text + "".join(f"{name}\n" for name in missing))


def _remarks(detected: DetectedProject, planned: Sequence[PlannedSession]) -> Iterator[str]:
    """Yield what is left to the user."""
    texts = {name: detected.read(PurePosixPath(name)) for name in FACE_FILES}
    head = f"at its top: {seatrial_requirement()} in its script metadata\n"
    if not has_block(texts["noxfile.py"] or ""):
        head = script_block()
    unchanged = [name for name, text in texts.items() if text is not None and "seatrial" not in text]
    if "noxfile.py" in unchanged:
        lines = "\n".join((f"{head}from seatrial import sessions", "", *session_calls(detected, planned)))
        yield f"noxfile.py is yours and was left alone; add to it:\n{lines}"
    if "tasks.py" in unchanged and "invoke" in (texts["tasks.py"] or ""):
        # Its own tasks would be hidden by a collection that is called ns.
        example = Command("status", program_only=True)
        yield f"tasks.py is yours and was left alone: every task runs without it, such as {example}"
    conflicting = sorted({"build", "check"} & existing_sessions(detected)) if "noxfile.py" in unchanged else []
    if conflicting:
        yield f"noxfile.py has a session {' and '.join(conflicting)} already, and nox takes one of a name: rename yours"
    if detected.excluded:
        pythons = ", ".join(classifier.rpartition(" ")[2] for classifier in detected.excluded)
        yield f"pyproject.toml loses the classifiers for Python {pythons}, which requires-python excludes"
    if detected.trouble:
        yield str(detected.trouble)
    if collects_every_module(detected):
        ignored = " ".join(f"--ignore={name}" for name in FACE_FILES)
        what = "pytest --doctest-modules without a path collects noxfile.py and tasks.py, too"
        yield f"{what}; keep it from them: {ignored}"
    if detected.tests.command is None:
        yield "no tests: a release verifies only that the package builds and installs"


def workflow_files(
    detected: DetectedProject, own: Sequence[ProposedFile], planned: Sequence[PlannedSession]
) -> tuple[tuple[ProposedFile, ...], tuple[str, ...]]:
    """Return the CI files for a project that has none, and remarks; ``own``: the files that are written before.

    A project with CI files gets none, because a second workflow could publish the same release twice; nor does a
    project without sessions to run.
    """
    tests = {session.name for session in planned} - {"build", "check"}
    if has_own_ci(detected) or not tests:
        return (), ()
    try:
        with _preview(detected, own) as project:
            drifted = Generator.at(detected.repository, project).drift()
    except SeatrialError:
        # A forge for which nothing is generated, or no Python to run on.
        return (), ()
    # `write_proposal` reports a link that leads elsewhere.
    missing = (file for file in drifted if file.reason in {DriftReason.MISSING, DriftReason.ELSEWHERE})
    files = tuple(ProposedFile(PurePosixPath(file.path), None, file.then) for file in missing)
    return files, tuple(f"{file.path} {file.reason.text}" for file in drifted if file.reason is DriftReason.OTHER)


@contextlib.contextmanager
def _preview(detected: DetectedProject, own: Iterable[ProposedFile]) -> Iterator[Project]:
    """Yield a copy of the project's top folder with the new files in it.

    Its classifiers can be in setup.cfg, and a pipeline of GitLab names the sessions of the noxfile.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        root = Path(folder, detected.project.root.name)
        root.mkdir()
        paths = (detected.project.root / path for path in detected.files if len(path.parts) == 1)
        for path in paths:
            if path.is_file():
                shutil.copyfile(path, root / path.name)
        for file in own:
            if len(file.path.parts) == 1:
                (root / file.path).write_bytes(file.new.encode())
        yield Project.from_directory(root)


def has_own_ci(detected: DetectedProject) -> bool:
    """Whether the repository has CI files that were written by hand, other packages' files excepted."""
    top, prefix = detected.repository.root, detected.repository.prefix
    paths = [path for path in (*(top / WORKFLOWS_FOLDER).glob("*.y*ml"), top / PIPELINE_FILE) if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    by_hand = [path for path in paths if "seatrial" not in texts[path]]
    workflows = [Workflow.from_text(path.name, texts[path]) for path in by_hand]
    return any(not is_of_another(workflow, top, prefix) for workflow in workflows)


NONE_FOUND = "none found"


def detected_text(detected: DetectedProject) -> str:
    """Return what was detected in a project, a line for each fact."""
    rows = {
        "backend": detected.project.backend.split(".")[0],
        "version": detected.version_source,
        "layout": detected.layout,
        "tests": detected.tests,
        "types": _types(detected),
        "lint": detected.linter or "none",
        "changelog": _changelog(detected),
        "tags": f"{detected.tag_form} ({'as they are' if detected.has_tags else 'none yet'})",
        "branch": _branch(detected),
        "forge": detected.forge or NONE_FOUND,
    }
    return "\n".join([detected.project.name, "", *(f"{name:10} {text}" for name, text in rows.items())])


def _branch(detected: DetectedProject) -> str:
    branch = detected.repository.branch or "none is checked out"
    return f"{branch}; releases go through a pull request ({detected.protection})" if detected.protection else branch


def _types(detected: DetectedProject) -> str:
    """Return how types are checked, in words."""
    session = next((planned for planned in plan_sessions(detected) if planned.name == "mypy"), None)
    if session is None:
        return "none"
    return f"{' '.join(session.command or ('mypy',))} ({session.where})"


def _changelog(detected: DetectedProject) -> str:
    if detected.news is not None:
        return f"{detected.news.filename}, made by towncrier from {detected.news.folders[0]}"
    return f"{detected.log}, kept by hand" if detected.log else NONE_FOUND


def remarks_text(proposal: Proposal) -> str:
    """Return what is left to the user."""
    return "\n".join("- " + remark.replace("\n", "\n  ") for remark in proposal.remarks)


def _yes(*, is_written: bool) -> str:
    return "yes" if is_written else "no"


def require_sessions(names: Sequence[str]) -> tuple[str, ...]:
    """Return the sessions that are left out. Raises `SessionUnknown`."""
    unknown = [name for name in names if name not in SESSIONS]
    if unknown:
        raise ProjectError(
            f"--without {unknown[0]} is not a session: choose from {', '.join(SESSIONS)}",
            code="SessionUnknown",
            fix=f"{Command('init', '--without', SESSIONS[1], program_only=True)}, for a noxfile without it",
        )
    return tuple(dict.fromkeys(names))


def choose_parts(
    detected: DetectedProject, parts: Parts, choose: Callable[[Sequence[Choice]], str | None]
) -> Parts | None:
    """Return the parts that a user chooses, each answer changing one of them; None when the user leaves.

    ``choose``: shows the rows of the menu, and returns the word of the one that is chosen.
    """
    while (word := choose(parts.choices(detected))) != GO_ON:
        if word is None:
            return None
        parts = parts.changed(detected, word)
    return parts
