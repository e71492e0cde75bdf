"""Checks against what an index already has: whether it takes the release and its files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.check import BOTH, ArchiveCheck, finding_of, first_lines, help_page, user_docs_page
from seatrial.checks.metadata import PROJECT_NAME, is_python_module, metadata_of
from seatrial.distributions.filename import FileKind
from seatrial.findings import Finding, Severity
from seatrial.invocation import task_command

if TYPE_CHECKING:
    from seatrial.index.client import PendingRelease, Upload


DAYS = 14
"""For how many days a release takes new files."""

GIB = 1 << 30
LIMIT = 10
"""How much of one project PyPI keeps, in GiB."""


class UploadCheck(ArchiveCheck):
    """A check of a file that arrives at an index."""


class NameFree(UploadCheck):
    """A new project has a name that can be had."""

    code: ClassVar[str] = "INDEX001"
    kinds: ClassVar[tuple[FileKind, ...]] = BOTH

    def check(self, facts: Upload) -> Finding:
        """A project named like a module of Python would be installed by mistake."""
        name = metadata_of(facts.file).name
        if facts.project_files.project or not name:
            return Finding.passed()
        fix = "choose another name"
        if not PROJECT_NAME.fullmatch(name):
            return Finding.failed(f"The name {name!r} is invalid.", fix)
        if is_python_module(name):
            page = help_page("project-name")
            why = "conflict with Python Standard Library module name"
            return Finding.failed(f"The name {name!r} isn't allowed ({why}). See {page} for more information.", fix)
        return Finding.passed()


class ProjectSize(UploadCheck):
    """All files of the project together are not larger than PyPI keeps."""

    code: ClassVar[str] = "INDEX002"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Upload) -> Finding:
        """A project that uploads every night fills its room one day, and then nothing can be released."""
        if sum(one.size for one in facts.project_files.files) + facts.file.size <= LIMIT * GIB:
            return Finding.passed()
        page = user_docs_page("project-management/storage-limits#requesting-a-project-size-limit-increase")
        return Finding.failed(
            f"Project size too large. Limit for project {facts.project_files.project!r} total size is {LIMIT} GB. "
            f"See {page}",
            "remove releases that nobody needs, or ask PyPI for more",
        )


class FileNew(UploadCheck):
    """No other file of that name is there."""

    code: ClassVar[str] = "INDEX003"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Upload) -> Finding:
        """A file on an index never changes, so that a hash in a lock file holds; it was built twice."""
        archive = facts.file
        known = (one for one in facts.project_files.files if archive.name == one.name or archive.sha256 == one.sha256)
        if facts.is_there or next(known, None) is None:
            return Finding.passed()
        return Finding.failed(
            f"File already exists ({archive.name!r}, with blake2_256 hash {archive.blake2_256!r}). "
            f"See {help_page('file-name-reuse')} for more information.",
            f"raise the version: {_next_release(facts)}; and build once",
        )


class NameNotBurned(UploadCheck):
    """No file of that name was deleted."""

    code: ClassVar[str] = "INDEX004"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Upload) -> Finding:
        """A name that was used stays used, so that nobody gets another file than before."""
        if facts.file.name not in facts.project_files.burned:
            return Finding.passed()
        said = "This filename was previously used by a file that has since been deleted. Use a different version."
        page = help_page("file-name-reuse")
        return Finding.failed(f"{said} See {page} for more information.", _next_release(facts))


class ReleaseOpen(UploadCheck):
    """The release is not older than 14 days."""

    code: ClassVar[str] = "INDEX005"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Upload) -> Finding:
        """Whoever steals a token can't put a file beside those that everybody has installed for years."""
        files = facts.project_files.of_release(metadata_of(facts.file).version)
        times = [one.uploaded for one in files if one.uploaded]
        if files and not times:
            return Finding.unknown("the index does not say when its files were uploaded")
        if not files or min(times) >= facts.now - timedelta(days=DAYS):
            return Finding.passed()
        said = f"Uploading new files to releases older than {DAYS} days is not allowed."
        return Finding.failed(said, f"make a new release: {_next_release(facts)}")


class OneSdistOnIndex(UploadCheck):
    """The release has no other sdist."""

    code: ClassVar[str] = "INDEX006"
    kinds: ClassVar[tuple[FileKind, ...]] = (FileKind.SDIST,)

    def check(self, facts: Upload) -> Finding:
        """There is one source of a release."""
        files = facts.project_files.of_release(metadata_of(facts.file).version)
        if all(FileKind.of(one.name) is not FileKind.SDIST for one in files):
            return Finding.passed()
        return Finding.failed("Only one sdist may be uploaded per release.", "upload none but NAME-VERSION.tar.gz")


def _next_release(facts: Upload) -> str:
    """Return the command that releases the version after that of a file."""
    version = metadata_of(facts.file).version
    return task_command(
        f"release --version {facts.project_files.after(version)}" if version else "release --part patch"
    )


JUMP = 3
"""How many times the size of before is much more."""

SMALL = 1 << 20
"""What a file may grow by in any case, in bytes."""


class PendingReleaseCheck:
    """A check of a release beside what the index holds."""

    severity: ClassVar[Severity] = Severity.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]


class VersionFree(PendingReleaseCheck):
    """The index has no file of the version."""

    code: ClassVar[str] = "INDEX011"

    def check(self, facts: PendingRelease) -> Finding:
        """A version is published once: what is there stays, whatever a tag says later."""
        if facts.version is None:
            return Finding.unknown("no version was found to release")
        there = first_lines(f"{one.name}  sha256 {one.sha256}" for one in facts.project_files.of_release(facts.version))
        said = [f"{facts.index} has {facts.name} {facts.version}:", *there]
        follows = task_command(f"release --version {facts.project_files.after(facts.version)}")
        return finding_of(said if there else [], f"release the version after it: {follows}")


class NameOurs(PendingReleaseCheck):
    """The project of that name is this one, or nobody has the name yet."""

    code: ClassVar[str] = "INDEX012"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: PendingRelease) -> Finding:
        """Who has a name, keeps it: the first upload of somebody else is refused."""
        if not facts.project_files.project:
            return Finding.passed(f"{facts.index} does not know {facts.name}: its first upload takes the name")
        known = ", ".join(map(str, facts.project_files.versions[-3:]))
        said = [f"{facts.index} has {facts.name} {known}, and no tag here is of one of them"]
        said += [f"it is by {facts.holder}"] if facts.holder else []
        return finding_of(said if facts.is_strange else [], "if it is not yours, choose another name")


class ProjectOpen(PendingReleaseCheck):
    """The project takes new releases."""

    code: ClassVar[str] = "INDEX013"

    def check(self, facts: PendingRelease) -> Finding:
        """One that is archived or in quarantine takes no upload (PEP 792)."""
        closed = facts.project_files.status in {"archived", "quarantined"}
        fix = "unarchive it in its settings on the index; about a quarantine, ask the index"
        return finding_of([f"{facts.index} has it as {facts.project_files.status}"] if closed else [], fix)


class SizeAsBefore(PendingReleaseCheck):
    """No file is much larger than that of the release before."""

    code: ClassVar[str] = "INDEX014"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Upload) -> Finding:
        """An environment, a data set or a video went along by mistake."""
        kind, versions = FileKind.of(facts.file.name), facts.project_files.versions
        before = (
            [one.size for one in facts.project_files.of_release(versions[-1]) if FileKind.of(one.name) is kind]
            if versions
            else []
        )
        limit = max(max(before, default=0) * JUMP, max(before, default=0) + SMALL)
        said = f"it has {facts.file.size:,} bytes, and the one of {versions[-1]} {max(before):,}" if before else ""
        return finding_of([said] if said and facts.file.size > limit else [], "look what is in it: nox -s check")
