"""Undoes a wrong release as far as possible, and prepares the version that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import DeliveryError
from seatrial.index.targets import PYPI, TESTPYPI
from seatrial.invocation import task_command
from seatrial.project.changelog import create_fragment
from seatrial.project.versions import next_version
from seatrial.publish.ci_runs import read_ci_runs
from seatrial.publish.verify import YANKED, IndexWatch
from seatrial.release.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.index.targets import Destination
    from seatrial.publish.ci_runs import CiRuns
    from seatrial.publish.state import ReleaseOnIndex
    from seatrial.publish.tagged_release import TaggedRelease


@dataclass(frozen=True)
class ReleaseToUndo:
    """A release that is to be undone, and what is known of it."""

    tagged: TaggedRelease
    destination: Destination
    watch: IndexWatch
    found: ReleaseOnIndex
    ci: CiRuns

    @property
    def page(self) -> str:
        """The page on which the index lets its owner yank the release."""
        if self.destination.name in {PYPI, TESTPYPI}:
            return f"{self.destination.site}manage/project/{self.found.project}/release/{self.found.version}/"
        return self.destination.site

    def __str__(self) -> str:
        """Return what can be undone, and how."""
        one = self.found
        if one.served:
            lines = [
                f"{one.project} {one.version} is on {one.index}, where nothing can be exchanged. What can be undone:",
                f"  yank it, by hand: {self.page}",
                "  Installers leave it out then, unless that very version is asked for. Do not delete it: its file",
                "  names can never be used again, and those who have pinned it could not install any more.",
            ]
            return "\n".join(lines)
        tag, remote = self.tagged.tag, self.tagged.repository.remote or "origin"
        delete = f"git push --delete {remote} refs/tags/{tag} && git tag --delete {tag}"
        lines = [
            f"{one.project} {one.version} is not on {one.index}. What can be undone:",
            f"  the tag, if no one has fetched it: {delete}",
            f"  The commit stays on the branch; to take its changes back: git revert {self.tagged.commit[:12]}",
        ]
        if self.ci.is_under_way:
            lines.append(f"  CI is at it; end that first: {self.ci}")
        return "\n".join(lines)


def read_release_to_undo(tagged: TaggedRelease, destination: Destination) -> ReleaseToUndo:
    """Look what became of a release. Raises `IndexUnreachable`."""
    # What was proved is of no matter here, and its tag may not build any more.
    watch = IndexWatch(tagged.name, destination.simple, Manifest(tagged.tag, str(tagged.version), tagged.commit, ()), 0)
    return ReleaseToUndo(tagged, destination, watch, watch.look(), read_ci_runs(tagged))


def write_follow_up(case: ReleaseToUndo, why: str) -> str:
    """Write a fragment for the version that follows, and return the commands that release it.

    A fragment that is there stays as it is.
    """
    snapshot = case.tagged.snapshot
    following = next_version(max(snapshot.current, case.tagged.version), "patch")
    lines = [f"The version that follows is {following}: mend what is wrong, commit, then:"]
    news = snapshot.news
    if news is not None:
        kind = next((one for one in ("bugfix", "misc") if one in news.kinds), news.kinds[-1])
        # towncrier takes a dot for the end of the name.
        number = re.sub(r"\W", "-", case.found.version)
        name = f"{news.orphan_prefix}withdraw-{number}.{kind}{news.suffix}"
        path = snapshot.project.root / news.folders[0] / name
        if not path.exists():
            text = f"{case.found.version} is withdrawn: {why or 'it should not be used.'}"
            create_fragment(snapshot.project.root, name, text)
        # From the top of the repository (gitglossary(7), "pathspec"): nobody knows from where it is typed.
        prefix = case.tagged.repository.prefix
        shown = f"{prefix and ':/'}{prefix}{path.relative_to(snapshot.project.root).as_posix()}"
        lines.append(f'  git add {shown} && git commit -m "Withdraw {case.found.version}" {shown}')
    empty = "" if news is not None else " --allow-empty"
    lines.append(f"  {task_command(f'release --part patch{empty}')}")
    return "\n".join(lines)


def wait_until_yanked(case: ReleaseToUndo, limit: float, say: Callable[[str], None]) -> None:
    """Wait until the index shows the release as yanked. Raises `NotYanked`."""
    watch = IndexWatch(case.watch.project, case.watch.simple, case.watch.manifest, limit)
    found = watch.keep(say, lambda: False, YANKED)
    if not YANKED.is_reached(found):
        raise DeliveryError(
            f"{found.project} {found.version} is not yanked yet: {YANKED.progress(found)} on {found.index}",
            code="NotYanked",
            fix=f"yank it: {case.page}\n{task_command(f'undo {found.version}{case.destination.option}')}",
        )
