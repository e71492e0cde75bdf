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

from seatrial.ci.commands import programs_in, upload_of
from seatrial.ci.expressions import Answer
from seatrial.ci.uploads import uploads_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.ci.evaluation import JobRun, StepRun


STORE, FETCH = "actions/upload-artifact", "actions/download-artifact"
DEFAULT_NAME = "artifact"
DIST = "dist"
"""The folder that the publish action uploads where no other is named."""

MOVERS = frozenset(("mv", "cp", "find", "rsync", "unzip", "tar", "install", "ln", "python", "xargs"))
"""Commands that may put files elsewhere."""

EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
MORE_THAN_ONE = 2

UPLOADING_DIST = frozenset(("uv", "hatch", "flit", "poetry", "pdm", "rye", "seatrial", "invoke", "inv"))
"""The programs that upload what is in ``dist``, unless they are given other files."""


@dataclass(frozen=True)
class Stored:
    """An artifact that a job stores.

    ``name``: with its expressions; ``inside``: where its files are, "" for on top; ``step``: the id of the step.
    """

    name: str
    inside: str = ""
    step: str | None = None


def transfer_problems(run: JobRun) -> dict[str, str]:
    """Return why the files of a job do not arrive where it uploads them from, each with its fix.

    Artifacts of another run, and what others' actions and workflows store, are not known, and no problem.
    """
    fetches = [step for step in run.steps if step.step.uses_action(FETCH)]
    if any(step.step.inputs.get(name) for step in fetches for name in ("run-id", "github-token", "repository")):
        return {}
    before = [earlier for earlier in run.before if earlier.starts is not Answer.NO]
    stored = [artifact for earlier in before for artifact in _stored(earlier)]
    problems = [problem for earlier in before if fetches for problem in _clashes(earlier)]
    if not any(map(_stores_unseen, before)):
        problems += [problem for step in fetches for problem in _missing(step, stored)]
    named = dict.fromkeys(problems, "give each artifact a name of its own, and fetch it by that name or by its id")
    return named or dict(_nested(run, fetches, stored))


def _stored(run: JobRun) -> Iterator[Stored]:
    for step in run.steps:
        if step.step.uses_action(STORE) and step.starts is not Answer.NO:
            paths = [path.strip() for path in (step.input("path") or "").splitlines() if path.strip()]
            yield Stored(step.input("name") or DEFAULT_NAME, _folder_inside(paths), step.step.id)


def _folder_inside(paths: list[str]) -> str:
    """Return where in an artifact the files are: below the folder that all paths are in; "" for on top, or unknown."""
    places = {posixpath.normpath(re.sub(r"[^/]*[*?\[].*", "", path) or ".") for path in paths if path[0] != "!"}
    if len(places) < MORE_THAN_ONE or any("$" in place or place.startswith(("/", "~")) for place in places):
        return ""
    top = posixpath.commonpath(places)
    inside = {posixpath.relpath(place, top) for place in places if not posixpath.splitext(place)[1]}
    return inside.pop() if len(inside) == 1 and inside != {"."} else ""


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


def _clashes(run: JobRun) -> Iterator[str]:
    """Yield the names that each job of a matrix gives to an artifact."""
    axes = {key: values for key, values in (run.job.matrix or {}).items() if key not in {"include", "exclude"}}
    is_several = any(isinstance(values, list) and len(values) >= MORE_THAN_ONE for values in axes.values())
    for step in run.steps:
        uses = step.step.uses
        if not (is_several and uses and step.step.uses_action(STORE)) or (step.input("overwrite") or "") == "true":
            continue
        is_old = re.match(r"v?[123]\b", uses.version or uses.ref or "")
        if not is_old and "${{" not in (step.step.inputs.get("name") or DEFAULT_NAME):
            yield f"each job of the matrix of {run.name} stores an artifact {step.input('name') or DEFAULT_NAME}"


def _nested(run: JobRun, fetches: list[StepRun], stored: list[Stored]) -> Iterator[tuple[str, str]]:
    """Yield why files are in folders below the one that is uploaded, with a fix."""
    programs = [program for step in run.steps for program in programs_in(step.step.run or "")]
    if any(program.name in MOVERS for program in programs):
        return
    folders = {uploaded_folder(upload.step) for upload in uploads_of(run)}
    for step in fetches:
        name, path = step.input("name"), posixpath.normpath(step.input("path") or ".")
        is_merged = (step.input("merge-multiple") or "").lower() == "true"
        inside = {artifact.inside for artifact in stored if not name or artifact.name == name}
        if path in folders and not (name or step.input("artifact-ids") or is_merged):
            fix = f"with:\n  merge-multiple: true\n  path: {path}"
            yield f"each artifact is in a folder of its own in {path}, and the files in {path} itself are uploaded", fix
        elif path in folders and len(inside) == 1 and inside != {""}:
            folder = posixpath.join(path, *inside)
            yield (
                f"the files are in {folder}, as they were stored, and those in {path} are uploaded",
                "store them alone",
            )


def uploaded_folder(step: StepRun) -> str | None:
    """Return the folder whose files a step uploads, None where that is not known."""
    if step.step.uses is not None:
        return posixpath.normpath(step.input("packages-dir") or step.input("packages_dir") or DIST)
    uploading = [program for program in programs_in(step.step.run or "") if upload_of(program, {})]
    words = [word for program in uploading for word in program.args]
    patterns = [word.rpartition("/")[0] for word in words if re.fullmatch(r"[\w./-]+/\*(?:\.\w+|\.tar\.gz)?", word)]
    if not patterns and any(program.name in UPLOADING_DIST for program in uploading):
        return DIST
    return posixpath.normpath(patterns[0]) if patterns else None


def _named_by_id(run: JobRun, ids: str) -> Iterator[str]:
    """Yield the names of artifacts that are fetched by ids which jobs hand on; what is not known stays as it is."""
    for text in re.findall(r"\$\{\{.*?\}\}|[^\s,]+", ids):
        output = re.search(r"needs\.([\w-]+)\.outputs\.([\w-]+)", text)
        owner = next((earlier for earlier in run.before if output and earlier.name == output[1]), None)
        handed = owner.job.outputs.get(output[2], "") if owner and output else ""
        step = re.search(r"steps\.([\w-]+)\.outputs\.artifact-id", handed)
        names = [artifact.name for artifact in _stored(owner) if step and artifact.step == step[1]] if owner else []
        yield from names or [text]


def fetched_artifacts(run: JobRun, folder: str | None) -> Iterator[str]:
    """Yield the names of the artifacts that a job fetches into a folder; a pattern where they are not known."""
    names = [artifact.name for earlier in run.before for artifact in _stored(earlier)]
    for step in run.steps:
        place = posixpath.normpath(step.input("path") or ".")
        if not step.step.uses_action(FETCH) or (
            folder and posixpath.commonpath((place, folder)) not in {place, folder}
        ):
            continue
        name, pattern, ids = (step.input(key) for key in ("name", "pattern", "artifact-ids"))
        if ids:
            yield from _named_by_id(run, ids)
        elif name:
            yield name
        else:
            chosen = dict.fromkeys(stored for stored in names if not pattern or _may_match(stored, pattern))
            yield from chosen or [pattern or "*"]
