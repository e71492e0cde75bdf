"""Checks against what an index already has (INDEX0xx): whether it accepts the release and its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from seatrial.checks.check import (
    SDIST,
    WARNING,
    any_file_check,
    check,
    finding_of,
    first_lines,
    help_page,
    user_docs_page,
)
from seatrial.checks.metadata import new_name_errors
from seatrial.commands import Command
from seatrial.distributions.metadata import FileKind
from seatrial.distributions.pypi_rules import DAYS_OPEN, GIB, MIB, PROJECT_LIMIT
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.index.client import PendingRelease, Upload


@check(
    "INDEX001",
    "The name of a new project is available",
    "PyPI refuses new projects named like a module of Python or a common typing error.",
)
def name_free(upload: Upload) -> Finding:
    name = upload.file.metadata.name
    is_new = bool(name) and not upload.project_files.project
    return finding_of(new_name_errors(name) if is_new else (), "choose another name")


@any_file_check(
    "INDEX002",
    "All files of the project together are within PyPI's size limit",
    "A project that uploads every night reaches the limit one day, and can then release nothing.",
)
def project_size(upload: Upload) -> Finding:
    if sum(file.size for file in upload.project_files.files) + upload.file.size <= PROJECT_LIMIT:
        return Finding.passed()
    page = user_docs_page("project-management/storage-limits#requesting-a-project-size-limit-increase")
    project = upload.project_files.project
    return Finding.failed(
        f"Project size too large. Limit for project {project!r} total size is {PROJECT_LIMIT // GIB} GB. See {page}",
        "remove releases that are no longer needed, or ask PyPI for more",
    )


@any_file_check(
    "INDEX003",
    "The index has no other file of that name",
    "A file on an index never changes, so that hashes in lock files stay valid.",
)
def file_new(upload: Upload) -> Finding:
    uploaded = upload.file
    same = (file for file in upload.project_files.files if uploaded.name == file.name or uploaded.sha256 == file.sha256)
    if upload.is_there or next(same, None) is None:
        return Finding.passed()
    return Finding.failed(
        f"File already exists ({uploaded.name!r}, with blake2_256 hash {uploaded.blake2_256!r}). "
        f"See {help_page('file-name-reuse')} for more information.",
        f"raise the version: {_next_release(upload)}; and build once",
    )


@any_file_check(
    "INDEX005",
    "The release is at most 14 days old",
    "A stolen token cannot add files to a release that has been installed for years.",
)
def release_open(upload: Upload) -> Finding:
    files = upload.project_files.of_release(upload.file.metadata.version)
    times = [file.uploaded for file in files if file.uploaded]
    if files and not times:
        return Finding.unknown("the index does not say when its files were uploaded")
    if not files or min(times) >= upload.now - timedelta(days=DAYS_OPEN):
        return Finding.passed()
    sentence = f"Uploading new files to releases older than {DAYS_OPEN} days is not allowed."
    return Finding.failed(sentence, f"make a new release: {_next_release(upload)}")


@check(
    "INDEX006",
    "The index has no other sdist of the release",
    "An index accepts one sdist for a release.",
    kinds=SDIST,
)
def one_sdist(upload: Upload) -> Finding:
    files = upload.project_files.of_release(upload.file.metadata.version)
    has_sdist = any(FileKind.of(file.name) is FileKind.SDIST for file in files)
    sentence = "Only one sdist may be uploaded per release."
    return finding_of([sentence] if has_sdist else [], "upload only NAME-VERSION.tar.gz")


def _next_release(upload: Upload) -> Command:
    """Return the command that releases the version after that of a file."""
    version = upload.file.metadata.version
    if version is None:
        return Command("release", "--part", "patch")
    return Command("release", "--version", upload.project_files.after(version))


@check(
    "INDEX011",
    "The index has no file of the version",
    "A version is published once: what is on the index stays, whatever a tag says later.",
)
def version_free(release: PendingRelease) -> Finding:
    if release.version is None:
        return Finding.unknown("no version was found to release")
    files = release.project_files.of_release(release.version)
    lines = [f"{release.index} has {release.name} {release.version}:"]
    lines += first_lines(f"{file.name}  sha256 {file.sha256}" for file in files)
    following = Command("release", "--version", release.project_files.after(release.version))
    return finding_of(lines if files else [], f"release the version after it: {following}")


CHOOSE_ANOTHER = "if it is not yours, choose another name"


@dataclass(frozen=True)
class NameAnswer:
    """What an index has under the name of a project, in one sentence; ``fix`` is None where all is well.

    Every command gives this answer: `new`, `init`, preflight, rehearsals and releases.
    """

    text: str
    fix: str | None = None

    def __str__(self) -> str:
        return f"{self.text}; {self.fix}" if self.fix else self.text


def answer_about_name(release: PendingRelease) -> NameAnswer:
    """Return whether a project can be uploaded under its name, as far as the files and the tags show it."""
    name, index, on_index = release.name, release.index, release.project_files
    if not on_index.project:
        refusal = next(new_name_errors(name), None)
        if refusal:
            return NameAnswer(f"{index} accepts no new project of this name: {refusal}", "choose another name")
        if on_index.look_alike:
            return NameAnswer(
                f"the name {name} is free on {index}, but PyPI would refuse it: it is too similar to "
                f"{on_index.look_alike}",
                "choose another name",
            )
        return NameAnswer(f"the name {name} is free on {index}: the first upload takes it")
    if not on_index.versions:
        return NameAnswer(f"the name {name} is taken on {index}, by a project without files", CHOOSE_ANOTHER)
    if release.is_strange:
        versions = ", ".join(map(str, on_index.versions[-3:]))
        holder = f", by {release.holder}" if release.holder else ""
        tags = "" if release.released is None else ", of which no version has a tag here"
        return NameAnswer(f"the name {name} is taken on {index}{holder}: {versions}{tags}", CHOOSE_ANOTHER)
    return NameAnswer(f"{index} has {name}, with versions that are tagged here")


@check(
    "INDEX012",
    "The name of the project is free on the index, or the index has versions of this project",
    "The index refuses uploads to a project of somebody else, and PyPI refuses a new name that looks like another.",
    severity=WARNING,
)
def name_ours(release: PendingRelease) -> Finding:
    answer = answer_about_name(release)
    is_new = not release.project_files.project
    if is_new and next(new_name_errors(release.name), None):
        # INDEX001 reports a name that PyPI refuses, as an error.
        return Finding.passed()
    if answer.fix:
        return Finding.failed(answer.text, answer.fix)
    return Finding.passed(answer.text if is_new else None)


@check(
    "INDEX013",
    "The project accepts new releases",
    "A project that is archived or in quarantine accepts no upload (PEP 792).",
)
def project_open(release: PendingRelease) -> Finding:
    status = release.project_files.status
    fix = "unarchive it in its settings on the index; about a quarantine, ask the index"
    line = f"{release.name} is {status} on {release.index}"
    return finding_of([line] if status in {"archived", "quarantined"} else [], fix)


JUMP = 3
"""How many times the size of the file before is much larger."""

FREE_GROWTH = MIB
"""How much a file may grow in any case, in bytes."""


@any_file_check(
    "INDEX014",
    "No file is much larger than that of the last release",
    "A file that triples in size often contains an environment, a data set or a video by mistake.",
    severity=WARNING,
)
def size_as_before(upload: Upload) -> Finding:
    versions = upload.project_files.versions
    files = upload.project_files.of_release(versions[-1]) if versions else ()
    largest = max((file.size for file in files if FileKind.of(file.name) is upload.file.kind), default=None)
    if largest is None or upload.file.size <= max(largest * JUMP, largest + FREE_GROWTH):
        return Finding.passed()
    line = f"the file has {upload.file.size:,} bytes, and that of {versions[-1]} has {largest:,}"
    listing = "python -m zipfile -l" if upload.file.is_wheel else "tar -tzf"
    return Finding.failed(line, f"look at what is in it: {listing} dist/{upload.file.name}")


UPLOAD_CHECKS = (name_free, project_size, file_new, release_open, one_sdist)
PENDING_RELEASE_CHECKS = (name_ours, version_free, project_open)
