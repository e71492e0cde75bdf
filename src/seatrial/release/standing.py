"""Where a project stands between two releases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.command_line import typed
from seatrial.errors import SeatrialError
from seatrial.facts import versions
from seatrial.release import sending
from seatrial.tools import checkout
from seatrial.tools import remote as remoting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from seatrial.facts.repository import Repository
    from seatrial.outlook import Outlook


@dataclass(frozen=True)
class Standing:
    """What ``invoke status`` tells.

    ``fragments``: how many wait; ``asked`` and ``following``: the part that they ask for, and where it leads;
    ``since``: commits after the last tag; ``branch``: how the branch stands to the remote's, or why nobody knows;
    ``unfinished``: the release that was pushed and needs to be caught up with, "" for none; ``release``: what became of
    the last one, "" where nobody asked; ``finish``: the command that finishes it, "" where it is finished.
    """

    project: str
    version: Version
    last_tag: str
    since: int
    fragments: int
    asked: str
    following: Version
    branch: str
    unfinished: str
    release: str = ""
    finish: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; versions are strings."""
        return {**self.__dict__, "version": str(self.version), "following": str(self.following)}

    def __str__(self) -> str:
        """Return a line for each fact, and the next command."""
        counted = (
            f"{self.since} commits since {self.last_tag}" if self.last_tag else f"{self.since} commits, no tag yet"
        )
        lines = [
            f"{self.project} {self.version}, {counted}",
            f"fragments  {self.fragments}, which ask for {self.asked}: {self.following}",
            f"branch     {self.branch}",
        ]
        if self.release:
            lines.append(f"release    {self.release}")
        if self.unfinished:
            lines.append(f"next       {typed('release')}: {self.unfinished} was pushed, and has to be caught up with")
        else:
            lines.append(f"next       {self.finish or typed(f'release --part {self.asked}')}")
        return "\n".join(lines)


def of(repository: Repository, outlook: Outlook) -> Standing:
    """Ask the remote how a project, as it is in the checkout, stands to it.

    A remote that does not answer is told, and no error.
    """
    left, release, finish = "", "", ""
    try:
        if not repository.remote:
            branch = f"{repository.branch or 'no branch'}, which follows no branch of a remote"
        else:
            unfinished = sending.left_over(repository)
            left = unfinished.tag if unfinished else ""
            remote = checkout.ask(repository)
            told = checkout.standing(repository, remote)
            if outlook.last_tag and not left and outlook.last_tag not in remote.tags:
                release, finish = f"{outlook.last_tag} is not on {repository.remote}", typed("push")
            elif outlook.last_tag and not left and _is_another(repository, outlook.last_tag, remote.tags):
                release = f"{outlook.last_tag} is another tag here than on {repository.remote}"
                finish = remoting.retake(repository.remote, outlook.last_tag)
            where = f"{repository.branch} to {repository.remote}/{repository.upstream[len('refs/heads/') :]}"
            branch = f"{where}: {told.ahead} ahead, {told.behind} behind"
    except SeatrialError as error:
        branch = f"{repository.branch}, unknown to the remote: {error.what.splitlines()[0]}"
    return Standing(
        project=outlook.project.name,
        version=outlook.current,
        last_tag=outlook.last_tag,
        since=checkout.commits_since(repository, outlook.last_tag) if repository.commit else 0,
        fragments=len(outlook.fragments),
        asked=outlook.asked.part,
        following=versions.next_version(outlook.current, outlook.asked.part),
        branch=branch,
        unfinished=left,
        release=release,
        finish=finish,
    )


def _is_another(repository: Repository, tag: str, there: Mapping[str, str]) -> bool:
    return checkout.object_of_tag(repository, tag) != there[tag]
