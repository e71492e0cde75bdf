"""The next version, and what a release of it will change: computed, printable, comparable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.facts import versions
from seatrial.facts.versions import PARTS
from seatrial.refusals import (
    Reasons,
    ReleaseError,
)

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.outlook import Outlook


@dataclass(frozen=True)
class Wish:
    """What the user asked for.

    ``part``: that of ``--part``, "" for none; ``version``: that of ``--version``, "" for none; ``anyway``: a smaller
    part than the fragments ask for will do; ``allow_empty``: so will a release without fragments.
    """

    part: str = ""
    version: str = ""
    anyway: bool = False
    allow_empty: bool = False


@dataclass(frozen=True)
class Plan:
    """A release as it will be.

    ``entry``: that of the changelog, as it was rendered; ``message``: that of the commit; ``diff``: what the commit
    changes, and ``removed`` the files that it removes; ``unpushed``: commits that go out with it; ``unfinished``: paths
    in the checkout that do not; ``publishes``: the CI files that listen to tags.
    """

    project: str
    current: Version
    version: Version
    tag: str
    message: str
    remote: str
    branch: str
    entry: str = ""
    diff: str = ""
    removed: tuple[str, ...] = ()
    unpushed: int = 0
    unfinished: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()

    @property
    def tag_message(self) -> str:
        """The message of the tag: what it is, and its entry in the changelog."""
        return f"{self.project} {self.version}\n\n{self.entry}".strip() + "\n"


def choose(outlook: Outlook, wish: Wish) -> Version:
    """Return the version that a wish leads to.

    Raises `PartMissing` when it names neither part nor version, `PartUnknown`, `VersionInvalid`, `VersionNotNewer`,
    `PartTooSmall` or `NoFragments`, and `SeveralReasons` for more than one of them.
    """
    if wish.part and wish.version:
        raise ReleaseError(
            "--part and --version say it twice", code="PartUnknown", fix=f"--version {wish.version} alone"
        )
    if not wish.part and not wish.version:
        offers = ", ".join(
            f"{part} ({version})" for part, version in versions.candidates(outlook.current, outlook.asked)
        )
        raise ReleaseError(
            f"which part of {outlook.current} is to be raised? {offers}",
            code="PartMissing",
            fix=typed("release --part auto"),
        )
    version = asked_for(outlook, wish)
    reasons = Reasons()
    with reasons.gather():
        _insist_on_progress(outlook, version)
        _insist_on_size(outlook, wish, version)
    with reasons.gather():
        _insist_on_fragments(outlook, wish, version)
    reasons.tell()
    return version


def asked_for(outlook: Outlook, wish: Wish) -> Version:
    """Return the version that a wish names, fit for a release or not. Raises `PartUnknown` or `VersionInvalid`."""
    if wish.version:
        return versions.parse(wish.version)
    part = wish.part
    if part == "auto":
        is_final = outlook.current.is_prerelease and not outlook.fragments
        part = "final" if is_final else outlook.asked.part
    return versions.next_version(outlook.current, part, outlook.asked.part)


def _insist_on_progress(outlook: Outlook, version: Version) -> None:
    if outlook.last_version and version <= outlook.last_version:
        raise ReleaseError(
            f"{version} is not newer than {outlook.last_version}, of which {outlook.last_tag} is the tag",
            code="VersionNotNewer",
            fix=typed(f"release --version {versions.next_version(outlook.last_version, outlook.asked.part)}"),
        )
    if version <= outlook.current:
        raise ReleaseError(
            f"{version} is not newer than {outlook.current}, the version of {outlook.project.name}",
            code="VersionNotNewer",
            fix=typed(f"release --part {outlook.asked.part}"),
        )
    if version.local:
        raise ReleaseError(
            f"{version} has a local part, which no index takes",
            code="VersionInvalid",
            fix=f"--version {version.public}",
        )


def _insist_on_fragments(outlook: Outlook, wish: Wish, version: Version) -> None:
    is_final = outlook.current.is_prerelease and version.release == outlook.current.release
    if outlook.news is None or outlook.fragments or wish.allow_empty or is_final:
        return
    folder, one = outlook.news.folders[0], typed(f'news {outlook.news.kinds[0]} "What is new."')
    raise ReleaseError(
        f"there is no fragment in {folder}, so nobody would learn what is new in {version}",
        code="NoFragments",
        fix=f"{one}, and commit; or release all the same: --allow-empty",
    )


def _insist_on_size(outlook: Outlook, wish: Wish, version: Version) -> None:
    if not outlook.fragments or wish.anyway:
        return
    raised = versions.released_by(outlook.current, version)
    if PARTS.index(raised) > PARTS.index(outlook.asked.part):
        said = next((one.path for one in outlook.fragments if one.kind in outlook.asked.kinds), "")
        raise ReleaseError(
            f"{version} raises the {raised} part of {outlook.current}, and {said} asks for {outlook.asked.part}",
            code="PartTooSmall",
            fix=f"{typed(f'release --part {outlook.asked.part}')}; or all the same: --anyway",
        )
