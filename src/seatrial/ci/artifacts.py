"""Whether the files that a job uploads to an index reach it: the artifacts that are stored before, and those fetched.

GitHub's README of ``actions/upload-artifact`` and ``actions/download-artifact``: the name of an artifact is "artifact"
where none is given; several artifacts are unpacked into a folder each, unless ``merge-multiple`` is true; each artifact
of a run has a name of its own (since version 4).
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.ci.commands import builds, may_upload, programs_in, upload_of
from seatrial.ci.evaluation import matrix_rows
from seatrial.ci.expressions import Answer
from seatrial.ci.job_uploads import PUBLISH_ACTION, uploading_script, uploads_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.ci.evaluation import JobRun, StepRun


STORE, FETCH = "actions/upload-artifact", "actions/download-artifact"
MERGE = f"{STORE}/merge"
DEFAULT_NAME = "artifact"
MERGED_NAME = "merged-artifacts"
DIST = "dist"
"""The folder that the publish action uploads where no other is named."""

MOVERS = frozenset(("mv", "cp", "find", "rsync", "unzip", "tar", "install", "ln", "python", "xargs"))
"""Commands that may put files elsewhere."""

EXPRESSION = re.compile(r"\$\{\{.*?\}\}")

UPLOADING_DIST = frozenset(("uv", "hatch", "flit", "poetry", "pdm", "rye", "seatrial", "invoke", "inv"))
"""The programs that upload what is in ``dist``, unless they are given other files."""


@dataclass(frozen=True)
class Stored:
    """An artifact that a job stores.

    ``name``: with its expressions, as far as they are not known; ``folders``: where in it the files are, "" for on top,
    None where that is not known; ``step``: the id of the step; ``is_alone``: whether another of its name is refused.
    """

    name: str
    folders: frozenset[str] | None = frozenset(("",))
    step: str | None = None
    is_alone: bool = True


def transfer_problems(run: JobRun) -> dict[str, str]:
    """Return why the files of a job do not arrive where it uploads them from, each with its fix.

    Artifacts of another run, and what others' actions and workflows store, are not known, and no problem.
    """
    fetches = [step for step in run.steps if step.step.uses_action(FETCH) and step.starts is not Answer.NO]
    if any(step.step.inputs.get(name) for step in fetches for name in ("run-id", "github-token", "repository")):
        return {}
    before = [earlier for earlier in run.before if earlier.starts is not Answer.NO]
    stored = [artifact for earlier in before for artifact in _stored(earlier)]
    problems = [problem for problem in _clashes(before) if fetches]
    if not any(map(_stores_unseen, before)):
        problems += [problem for step in fetches for problem in _missing(step, stored)]
    named = dict.fromkeys(problems, "give each artifact a name of its own, and fetch it by that name or by its id")
    return named or dict(_elsewhere(run, fetches, stored))


def _stored(run: JobRun) -> Iterator[Stored]:
    for step in run.steps:
        if step.step.uses_action(MERGE) and step.starts is not Answer.NO:
            yield Stored(step.input("name") or MERGED_NAME, None, step.step.id)
        if not step.step.uses_action(STORE) or step.starts is Answer.NO:
            continue
        paths = [path.strip() for path in (step.input("path") or "").splitlines() if path.strip()]
        uses = step.step.uses
        is_old = bool(uses and re.match(r"v?[123]\b", uses.version or uses.ref or ""))
        is_alone = not is_old and (step.input("overwrite") or "") != "true"
        text = step.step.inputs.get("name") or DEFAULT_NAME
        rows = [(row, step.starts_in(row)) for row in matrix_rows(run.job)]
        names = [step.of_row(text, row) for row, starts in rows if starts is not Answer.NO]
        # For a clash, it has to be known which jobs of a matrix store the artifact.
        is_alone = is_alone and all(starts is not Answer.UNKNOWN for _, starts in rows)
        for name in names if is_alone else dict.fromkeys(names):
            yield Stored(name, _folders_inside(paths), step.step.id, is_alone)


def _folders_inside(paths: list[str]) -> frozenset[str] | None:
    """Return where in an artifact the files are, below the folder that all paths are in; None where it is unknown."""
    places = {posixpath.normpath(re.sub(r"[^/]*[*?\[].*", "", path) or ".") for path in paths if path[0] != "!"}
    if not places or "." in places or any("$" in place or place.startswith(("/", "~")) for place in places):
        return None
    if len(places) == 1:
        return frozenset(("",))
    top = posixpath.commonpath(places)
    inside = {posixpath.relpath(place, top) for place in places if not posixpath.splitext(place)[1]}
    return frozenset("" if folder == "." else folder for folder in inside) or frozenset(("",))


def _stores_unseen(run: JobRun) -> bool:
    """Whether a job may store what is not seen here: a workflow or an action of somebody else."""
    owners = ("actions", "astral-sh", "docker")
    others = [step.step.uses for step in run.steps if step.step.uses and not step.step.uses.is_local]
    is_elsewhere = run.job.call is not None and not run.inside
    return is_elsewhere or any(uses.name.partition("/")[0] not in owners for uses in others)


def _missing(step: StepRun, stored: list[Stored]) -> Iterator[str]:
    """Yield what a step fetches that no job before stores."""
    name, pattern, ids = (step.input(key) for key in ("name", "pattern", "artifact-ids"))
    names = ", ".join(dict.fromkeys(artifact.name for artifact in stored)) or "nothing"
    if name and not ids and not any(_may_be(artifact.name, name) for artifact in stored):
        yield f"it fetches the artifact {name}, and the jobs before it store {names}"
    elif pattern and not any(_may_match(artifact.name, pattern) for artifact in stored):
        yield f"it fetches the artifacts {pattern}, and the jobs before it store {names}"
    elif not (name or pattern or ids or stored):
        yield "it fetches all artifacts, and the jobs before it store none"


def _may_be(stored: str, fetched: str) -> bool:
    """Whether two names with expressions can be the same."""
    patterns = [".*".join(map(re.escape, EXPRESSION.split(name))) for name in (stored, fetched)]
    return bool(re.fullmatch(patterns[0], fetched, re.DOTALL) or re.fullmatch(patterns[1], stored, re.DOTALL))


def _may_match(stored: str, pattern: str) -> bool:
    """Whether a name with expressions can match a pattern."""
    if "${{" in pattern:
        return True
    if "${{" not in stored:
        return fnmatch.fnmatchcase(stored, pattern)
    first, begin = EXPRESSION.split(stored)[0], re.split(r"[*?\[{]", pattern)[0]
    return first.startswith(begin) or begin.startswith(first)


def _clashes(runs: list[JobRun]) -> Iterator[str]:
    """Yield the names that several jobs, or each job of a matrix, give to an artifact."""
    owners: dict[str, list[JobRun]] = {}
    for run in runs:
        for artifact in _stored(run):
            if artifact.is_alone and "${{" not in artifact.name:
                owners.setdefault(artifact.name, []).append(run)
    for name, several in owners.items():
        names = list(dict.fromkeys(run.name for run in several))
        if len(names) > 1:
            yield f"the jobs {' and '.join(names)} store an artifact {name} each"
        elif len(several) > 1 and several[0].job.matrix:
            yield f"each job of the matrix of {names[0]} stores an artifact {name}"


def _elsewhere(run: JobRun, fetches: list[StepRun], stored: list[Stored]) -> Iterator[tuple[str, str]]:
    """Yield why files are in other folders than the one that is uploaded, with a fix."""
    programs = [program for step in run.steps for program in programs_in(step.step.run or "")]
    others = [step.step.uses for step in run.steps if step.step.uses and not step.step.uses.is_action(PUBLISH_ACTION)]
    is_unseen = any(not uses.name.startswith(("actions/", "astral-sh/")) for uses in others)
    if is_unseen or any(program.name in MOVERS or builds(program) or may_upload(program) for program in programs):
        return
    places = [_places_of(run, step, stored) for step in fetches]
    arrived = {folder for folders in places if folders is not None for folder in folders}
    for folder in {uploaded_folder(upload.step) for upload in uploads_of(run) if upload.starts is not Answer.NO}:
        if folder is None or folder in arrived or not fetches or None in places:
            continue
        of_artifacts = [step for step in fetches if _is_by_folder(step) and _path(step) == folder]
        if of_artifacts:
            fix = f"with:\n  merge-multiple: true\n  path: {folder}"
            yield (
                f"each artifact is in a folder of its own in {folder}, and the files in {folder} itself are uploaded",
                fix,
            )
        elif any(_path(step) == folder for step in fetches):
            inside = ", ".join(sorted(arrived))
            yield (
                f"the files are in {inside}, as they were stored, and those in {folder} are uploaded",
                "store them alone",
            )
        else:
            into = ", ".join("the working directory" if place == "." else place for place in sorted(arrived))
            problem = f"the files are fetched into {into}, and those in {folder} are uploaded"
            yield problem, f"with:\n  path: {folder}"


def _path(step: StepRun) -> str:
    return posixpath.normpath(step.input("path") or ".")


def _is_by_folder(step: StepRun) -> bool:
    """Whether a step unpacks each artifact into a folder of its own."""
    is_merged = (step.input("merge-multiple") or "").lower() == "true"
    return not (step.input("name") or step.input("artifact-ids") or is_merged)


def _places_of(run: JobRun, step: StepRun, stored: list[Stored]) -> frozenset[str] | None:
    """Return the folders into which a step puts files, None where they are not known."""
    names = set(fetched_artifacts(run, None, (step,)))
    artifacts = [artifact for artifact in stored if artifact.name in names]
    if not artifacts or any(artifact.folders is None for artifact in artifacts) or "$" in _path(step):
        return None
    return frozenset(
        posixpath.normpath(posixpath.join(_path(step), artifact.name if _is_by_folder(step) else "", folder))
        for artifact in artifacts
        for folder in artifact.folders or ()
    )


def uploaded_folder(step: StepRun) -> str | None:
    """Return the folder whose files a step uploads, None where that is not known."""
    if step.step.uses_action(PUBLISH_ACTION):
        return posixpath.normpath(step.input("packages-dir") or step.input("packages_dir") or DIST)
    uploading = [program for program in programs_in(uploading_script(step) or "") if upload_of(program, {})]
    words = [word for program in uploading for word in program.args]
    patterns = [word.rpartition("/")[0] for word in words if re.fullmatch(r"[\w./-]+/\*(?:\.\w+|\.tar\.gz)?", word)]
    names_files = any(re.search(r"[/*]", word) and "://" not in word for word in words)
    if not names_files and any(program.name in UPLOADING_DIST for program in uploading):
        return DIST
    return posixpath.normpath(patterns[0]) if patterns else None


def _is_within(folder: str, place: str) -> bool:
    """Whether what is put into a place can be in a folder."""
    return place in {".", folder} or folder.startswith(f"{place}/") or place.startswith(f"{folder}/")


def _named_by_id(run: JobRun, ids: str) -> Iterator[str]:
    """Yield the names of artifacts that are fetched by ids which jobs hand on; what is not known stays as it is."""
    for text in re.findall(r"\$\{\{.*?\}\}|[^\s,]+", ids):
        output = re.search(r"needs\.([\w-]+)\.outputs\.([\w-]+)", text)
        owner = next((earlier for earlier in run.before if output and earlier.name == output[1]), None)
        handed = owner.job.outputs.get(output[2], "") if owner and output else ""
        step = re.search(r"steps\.([\w-]+)\.outputs\.artifact-id", handed)
        names = [artifact.name for artifact in _stored(owner) if step and artifact.step == step[1]] if owner else []
        yield from names or [text]


def fetched_artifacts(run: JobRun, folder: str | None, steps: tuple[StepRun, ...] | None = None) -> Iterator[str]:
    """Yield the names of the artifacts that a job fetches into a folder; a pattern where they are not known."""
    names = [artifact.name for earlier in run.before for artifact in _stored(earlier)]
    for step in run.steps if steps is None else steps:
        if not step.step.uses_action(FETCH) or (folder and not _is_within(folder, _path(step))):
            continue
        name, pattern, ids = (step.input(key) for key in ("name", "pattern", "artifact-ids"))
        if ids:
            yield from _named_by_id(run, ids)
        elif name:
            yield name
        else:
            chosen = dict.fromkeys(stored for stored in names if not pattern or _may_match(stored, pattern))
            yield from chosen or [pattern or "*"]
