"""Undoes a wrong release as far as possible, and prepares the version that follows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import DeliveryError
from seatrial.project.versions import next_version
from seatrial.project.write_entry import write_note
from seatrial.publish.tagged_release import CiRuns, TaggedRelease, read_ci_runs
from seatrial.publish.verify import YANKED, IndexWatch
from seatrial.release.manifest import Manifest

if TYPE_CHECKING:
    from seatrial.index.destination import Destination
    from seatrial.publish.release_on_index import ReleaseOnIndex


@dataclass(frozen=True)
class ReleaseToUndo:
    """A release that is to be undone, and its state on the index and on CI."""

    tagged: TaggedRelease
    destination: Destination
    watch: IndexWatch
    on_index: ReleaseOnIndex
    runs: CiRuns

    @property
    def page(self) -> str:
        """The page on which the index lets its owner yank the release."""
        if self.destination.pypi:
            return f"{self.destination.site}manage/project/{self.on_index.project}/release/{self.on_index.version}/"
        return self.destination.site

    def __str__(self) -> str:
        release = self.on_index
        name = f"{release.project} {release.version}"
        if release.served:
            lines = [
                f"{name} is on {release.index}, where nothing can be exchanged. What can be undone:",
                f"  yank it, by hand: {self.page}",
                "  Installers leave it out then, unless that very version is asked for. Do not delete it: its file",
                "  names can never be used again, and those who have pinned it could not install any more.",
            ]
            return "\n".join(lines)
        tag, upstream = self.tagged.tag, self.tagged.repository.upstream
        remote = upstream.remote if upstream else "origin"
        delete = f"git push --delete {remote} refs/tags/{tag} && git tag --delete {tag}"
        lines = [
            f"{name} is not on {release.index}. What can be undone:",
            f"  the tag, as long as it was not fetched: {delete}",
            f"  The commit stays on the branch; to take its changes back: git revert {self.tagged.commit[:12]}",
        ]
        if self.runs.is_running:
            lines.append(f"  CI is running; end that first: {self.runs}")
        return "\n".join(lines)


def read_release_to_undo(tagged: TaggedRelease, destination: Destination) -> ReleaseToUndo:
    """Read the state of a release. Raises `IndexUnreachable`."""
    # The manifest is not compared, and the tag may not build any more.
    watch = IndexWatch(tagged.name, destination.simple, Manifest(tagged.tag, str(tagged.version), tagged.commit, ()), 0)
    return ReleaseToUndo(tagged, destination, watch, watch.look(), read_ci_runs(tagged))


def write_follow_up(case: ReleaseToUndo, why: str) -> str:
    """Write a fragment for the version that follows, and return the commands that release it.

    An existing fragment is left unchanged.
    """
    snapshot = case.tagged.snapshot
    following = next_version(max(snapshot.current, case.tagged.version), "patch")
    version = case.on_index.version
    lines = [f"The version that follows is {following}: fix what is wrong, commit, then:"]
    news = snapshot.news
    if news is not None:
        kind = next((kind for kind in ("bugfix", "misc", "fixed") if kind in news.kinds), news.kinds[-1])
        # For towncrier, a dot ends the name.
        word = "withdraw-" + re.sub(r"\W", "-", version)
        text = f"{version} is withdrawn: {why or 'it should not be used.'}"
        path = write_note(snapshot.project.root, news, kind, text, word=word)
        # From the top of the repository (gitglossary(7), "pathspec"), because it can be typed in any folder.
        prefix = case.tagged.repository.prefix
        pathspec = f"{prefix and ':/'}{prefix}{path}"
        lines.append(f'  git add {pathspec} && git commit -m "Withdraw {version}" {pathspec}')
    options = () if news is not None else ("--allow-empty",)
    lines.append(f"  {Command('release', '--part', 'patch', *options)}")
    return "\n".join(lines)


def wait_until_yanked(case: ReleaseToUndo, limit: float, say: Callable[[str], None]) -> None:
    """Wait until the index shows the release as yanked. Raises `NotYanked`."""
    release = replace(case.watch, limit=limit).keep(say, lambda: False, YANKED)
    if not YANKED.is_reached(release):
        raise DeliveryError(
            f"{release.project} {release.version} is not yanked yet: {YANKED.progress(release)} on {release.index}",
            code="NotYanked",
            fix=f"yank it: {case.page}\n{Command('undo', release.version, *case.destination.option)}",
        )
