"""Whether an index has room for a file: what is judged beside what the index holds already."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.description import is_of_python
from seatrial.checks.rule import BOTH, Rule, help_page, user_docs
from seatrial.checks.standard import PROJECT_NAME, metadata_of
from seatrial.command_line import typed
from seatrial.facts.contents import Kind
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.facts.shelf import Arrival

DAYS = 14
"""For how many days a release takes new files."""

GIB = 1 << 30
LIMIT = 10
"""How much of one project PyPI keeps, in GiB."""


class ShelvingRule(Rule):
    """A check of a file that arrives at an index."""


class NameFree(ShelvingRule):
    """A new project has a name that can be had."""

    code: ClassVar[str] = "INDEX001"
    kinds: ClassVar[tuple[Kind, ...]] = BOTH

    def check(self, facts: Arrival) -> Finding:
        """A project named like a module of Python would be installed by mistake."""
        name = metadata_of(facts.archive).name
        if facts.shelf.project or not name:
            return Finding.passed()
        fix = "choose another name"
        if not PROJECT_NAME.fullmatch(name):
            return Finding.failed(f"The name {name!r} is invalid.", fix)
        if is_of_python(name):
            page = help_page("project-name")
            why = "conflict with Python Standard Library module name"
            return Finding.failed(f"The name {name!r} isn't allowed ({why}). See {page} for more information.", fix)
        return Finding.passed()


class ProjectSize(ShelvingRule):
    """All files of the project together are not larger than PyPI keeps."""

    code: ClassVar[str] = "INDEX002"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Arrival) -> Finding:
        """A project that uploads every night fills its room one day, and then nothing can be released."""
        if sum(one.size for one in facts.shelf.files) + facts.archive.size <= LIMIT * GIB:
            return Finding.passed()
        page = user_docs("project-management/storage-limits#requesting-a-project-size-limit-increase")
        return Finding.failed(
            f"Project size too large. Limit for project {facts.shelf.project!r} total size is {LIMIT} GB. See {page}",
            "remove releases that nobody needs, or ask PyPI for more",
        )


class FileNew(ShelvingRule):
    """No other file of that name is there."""

    code: ClassVar[str] = "INDEX003"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Arrival) -> Finding:
        """A file on an index never changes, so that a hash in a lock file holds; it was built twice."""
        archive = facts.archive
        known = (one for one in facts.shelf.files if archive.name == one.name or archive.sha256 == one.sha256)
        if facts.is_there or next(known, None) is None:
            return Finding.passed()
        return Finding.failed(
            f"File already exists ({archive.name!r}, with blake2_256 hash {archive.blake2_256!r}). "
            f"See {help_page('file-name-reuse')} for more information.",
            f"raise the version: {_next_release(facts)}; and build once",
        )


class NameNotBurned(ShelvingRule):
    """No file of that name was deleted."""

    code: ClassVar[str] = "INDEX004"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Arrival) -> Finding:
        """A name that was used stays used, so that nobody gets another file than before."""
        if facts.archive.name not in facts.shelf.burned:
            return Finding.passed()
        said = "This filename was previously used by a file that has since been deleted. Use a different version."
        page = help_page("file-name-reuse")
        return Finding.failed(f"{said} See {page} for more information.", _next_release(facts))


class ReleaseOpen(ShelvingRule):
    """The release is not older than 14 days."""

    code: ClassVar[str] = "INDEX005"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Arrival) -> Finding:
        """Whoever steals a token can't put a file beside those that everybody has installed for years."""
        files = facts.shelf.of_release(metadata_of(facts.archive).version)
        times = [one.uploaded for one in files if one.uploaded]
        if files and not times:
            return Finding.unknown("the index does not say when its files were uploaded")
        if not files or min(times) >= facts.now - timedelta(days=DAYS):
            return Finding.passed()
        said = f"Uploading new files to releases older than {DAYS} days is not allowed."
        return Finding.failed(said, f"make a new release: {_next_release(facts)}")


class OneSdist(ShelvingRule):
    """The release has no other sdist."""

    code: ClassVar[str] = "INDEX006"
    kinds: ClassVar[tuple[Kind, ...]] = (Kind.SDIST,)

    def check(self, facts: Arrival) -> Finding:
        """There is one source of a release."""
        files = facts.shelf.of_release(metadata_of(facts.archive).version)
        if all(Kind.of(one.name) is not Kind.SDIST for one in files):
            return Finding.passed()
        return Finding.failed("Only one sdist may be uploaded per release.", "upload none but NAME-VERSION.tar.gz")


def _next_release(facts: Arrival) -> str:
    """Return the command that releases the version after that of a file."""
    version = metadata_of(facts.archive).version
    return typed(f"release --version {facts.shelf.after(version)}" if version else "release --part patch")
