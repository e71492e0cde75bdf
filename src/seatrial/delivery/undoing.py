"""A wrong release: what of it can be undone, and the version that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.delivery import ci
from seatrial.delivery.destination import PYPI, TESTPYPI
from seatrial.delivery.watching import YANKED, Watch
from seatrial.facts import versions
from seatrial.release.proof import Proof
from seatrial.shortfalls import DeliveryError
from seatrial.tools import towncrier

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.delivery.ci import Ci
    from seatrial.delivery.destination import Destination
    from seatrial.delivery.evidence import Tagged
    from seatrial.facts.delivery import Delivery


@dataclass(frozen=True)
class Case:
    """A release that is to be undone, and what is known of it."""

    tagged: Tagged
    destination: Destination
    watch: Watch
    found: Delivery
    ci: Ci

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


def look(tagged: Tagged, destination: Destination) -> Case:
    """Look what became of a release. Raises `IndexUnreachable`."""
    # What was proved is of no matter here, and its tag may not build any more.
    watch = Watch(tagged.name, destination.simple, Proof(tagged.tag, str(tagged.version), tagged.commit, ()), 0)
    return Case(tagged, destination, watch, watch.look(), ci.of(tagged))


def follow_up(case: Case, why: str) -> str:
    """Write a fragment for the version that follows, and return the commands that release it.

    A fragment that is there stays as it is.
    """
    outlook = case.tagged.outlook
    following = versions.next_version(max(outlook.current, case.tagged.version), "patch")
    lines = [f"The version that follows is {following}: mend what is wrong, commit, then:"]
    news = outlook.news
    if news is not None:
        kind = next((one for one in ("bugfix", "misc") if one in news.kinds), news.kinds[-1])
        # towncrier takes a dot for the end of the name.
        number = re.sub(r"\W", "-", case.found.version)
        name = f"{news.orphan_prefix}withdraw-{number}.{kind}{news.suffix}"
        path = outlook.project.root / news.folders[0] / name
        if not path.exists():
            text = f"{case.found.version} is withdrawn: {why or 'it should not be used.'}"
            towncrier.create(outlook.project.root, name, text)
        # From the top of the repository (gitglossary(7), "pathspec"): nobody knows from where it is typed.
        prefix = case.tagged.repository.prefix
        shown = f"{prefix and ':/'}{prefix}{path.relative_to(outlook.project.root).as_posix()}"
        lines.append(f'  git add {shown} && git commit -m "Withdraw {case.found.version}" {shown}')
    empty = "" if news is not None else " --allow-empty"
    lines.append(f"  {typed(f'release --part patch{empty}')}")
    return "\n".join(lines)


def wait(case: Case, limit: float, say: Callable[[str], None]) -> None:
    """Wait until the index shows the release as yanked. Raises `NotYanked`."""
    watch = Watch(case.watch.project, case.watch.simple, case.watch.proof, limit)
    found = watch.keep(say, lambda: False, YANKED)
    if not YANKED.is_reached(found):
        raise DeliveryError(
            f"{found.project} {found.version} is not yanked yet: {YANKED.told(found)} on {found.index}",
            code="NotYanked",
            fix=f"yank it: {case.page}\n{typed(f'undo {found.version}{case.destination.option}')}",
        )
