"""The plan of a release: the next version, and what a release of it changes; as a value and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import Reasons, ReleaseError
from seatrial.git.repository import page_of_runs
from seatrial.invocation import task_command
from seatrial.project.versions import PARTS, next_version, parse_version, part_between, version_choices
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.preconditions import Preconditions


@dataclass(frozen=True)
class ReleaseRequest:
    """What the user asked for.

    ``part``: that of ``--part``, "" for none; ``version``: that of ``--version``, "" for none; ``anyway``: a smaller
    part than the fragments ask for will do; ``allow_empty``: so will a release without fragments.
    """

    part: str = ""
    version: str = ""
    anyway: bool = False
    allow_empty: bool = False


@dataclass(frozen=True)
class ReleasePlan:
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


def choose_version(snapshot: ProjectSnapshot, request: ReleaseRequest) -> Version:
    """Return the version that a wish leads to.

    Raises `PartMissing` when it names neither part nor version, `PartUnknown`, `VersionInvalid`, `VersionNotNewer`,
    `PartTooSmall` or `NoFragments`, and `SeveralReasons` for more than one of them.
    """
    if request.part and request.version:
        raise ReleaseError(
            "--part and --version say it twice", code="PartUnknown", fix=f"--version {request.version} alone"
        )
    if not request.part and not request.version:
        offers = ", ".join(f"{part} ({version})" for part, version in version_choices(snapshot.current, snapshot.asked))
        raise ReleaseError(
            f"which part of {snapshot.current} is to be raised? {offers}",
            code="PartMissing",
            fix=task_command("release --part auto"),
        )
    version = requested_version(snapshot, request)
    reasons = Reasons()
    with reasons.gather():
        _require_progress(snapshot, version)
        _require_size(snapshot, request, version)
    with reasons.gather():
        _require_fragments(snapshot, request, version)
    reasons.raise_together()
    return version


def requested_version(snapshot: ProjectSnapshot, request: ReleaseRequest) -> Version:
    """Return the version that a wish names, fit for a release or not. Raises `PartUnknown` or `VersionInvalid`."""
    if request.version:
        return parse_version(request.version)
    part = request.part
    if part == "auto":
        is_final = snapshot.current.is_prerelease and not snapshot.fragments
        part = "final" if is_final else snapshot.asked.part
    return next_version(snapshot.current, part, snapshot.asked.part)


def _require_progress(snapshot: ProjectSnapshot, version: Version) -> None:
    if snapshot.last_version and version <= snapshot.last_version:
        raise ReleaseError(
            f"{version} is not newer than {snapshot.last_version}, of which {snapshot.last_tag} is the tag",
            code="VersionNotNewer",
            fix=task_command(f"release --version {next_version(snapshot.last_version, snapshot.asked.part)}"),
        )
    if version <= snapshot.current:
        raise ReleaseError(
            f"{version} is not newer than {snapshot.current}, the version of {snapshot.project.name}",
            code="VersionNotNewer",
            fix=task_command(f"release --part {snapshot.asked.part}"),
        )
    if version.local:
        raise ReleaseError(
            f"{version} has a local part, which no index takes",
            code="VersionInvalid",
            fix=f"--version {version.public}",
        )


def _require_fragments(snapshot: ProjectSnapshot, request: ReleaseRequest, version: Version) -> None:
    is_final = snapshot.current.is_prerelease and version.release == snapshot.current.release
    if snapshot.news is None or snapshot.fragments or request.allow_empty or is_final:
        return
    folder, one = snapshot.news.folders[0], task_command(f'news {snapshot.news.kinds[0]} "What is new."')
    raise ReleaseError(
        f"there is no fragment in {folder}, so nobody would learn what is new in {version}",
        code="NoFragments",
        fix=f"{one}, and commit; or release all the same: --allow-empty",
    )


def _require_size(snapshot: ProjectSnapshot, request: ReleaseRequest, version: Version) -> None:
    if not snapshot.fragments or request.anyway:
        return
    raised = part_between(snapshot.current, version)
    if PARTS.index(raised) > PARTS.index(snapshot.asked.part):
        said = next((one.path for one in snapshot.fragments if one.kind in snapshot.asked.kinds), "")
        raise ReleaseError(
            f"{version} raises the {raised} part of {snapshot.current}, and {said} asks for {snapshot.asked.part}",
            code="PartTooSmall",
            fix=f"{task_command(f'release --part {snapshot.asked.part}')}; or all the same: --anyway",
        )


MOST_PATHS = 12
"""How many paths are named before the rest is counted."""


def plan_text(planned: ReleasePlan, address: str) -> str:
    """Return the plan of a release: what will change, and where it goes."""
    lines = [
        f"{planned.project} {planned.current} → {planned.version}",
        "",
        *_indented(planned.diff.rstrip()),
        "",
        f"commit   {planned.message}" if planned.diff else "commit   none: nothing changes in the files",
        *([f"removes  {first_of(planned.removed)}"] if planned.removed else []),
        f"tag      {planned.tag}",
        f"push     {planned.branch} and {planned.tag} to {planned.remote} ({redact(address)}), both or neither",
        f"CI       {_publishing_text(planned.publishes)}",
    ]
    if planned.unpushed:
        lines.append(f"also     {planned.unpushed} commits that {planned.remote} does not have yet")
    if planned.unfinished:
        lines.append(f"not in   what is unfinished in the checkout: {first_of(planned.unfinished)}")
    return "\n".join(lines)


def dry_run_text(shown: str, planned: ReleasePlan, built: BuiltDistributions) -> str:
    """Return what ``--dry-run`` ends with: the commit as git shows it, the tag, the distributions."""
    files = [f"{one.path.name}  {one.size:,} bytes  sha256 {one.sha256}" for one in built]
    return "\n".join(
        [shown.rstrip(), "", f"tag {planned.tag}", "", *files, "", "Nothing was pushed, and nothing is left."]
    )


def released_text(planned: ReleasePlan, built: BuiltDistributions, preconditions: Preconditions) -> str:
    """Return what is said after the push: what is where, and what comes next."""
    lines = [f"Released: {planned.branch} and {planned.tag} are on {planned.remote}."]
    lines += [f"  {one.path.name}  sha256 {one.sha256}" for one in built]
    page = page_of_runs(preconditions.remote.addresses[0])
    if planned.publishes:
        lines.append(f"{', '.join(planned.publishes)} publishes it" + (f": {page}" if page else "."))
    else:
        lines.append(f"No CI file listens to tags; by hand: {task_command(f'publish --version {planned.version}')}")
    return "\n".join(lines)


def version_menu(choices: Sequence[tuple[str, Version]], current: Version) -> str:
    """Return the versions to choose from, numbered, the suggested one first."""
    width = max(len(part) for part, _ in choices)
    lines = [f"{current} →"]
    for number, (part, version) in enumerate(choices, 1):
        lines.append(
            f"  {number}  {part.ljust(width)}  {version}" + ("  (the fragments ask for it)" if number == 1 else "")
        )
    return "\n".join(lines)


def first_of(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    rest = len(names) - MOST_PATHS
    return ", ".join(names[:MOST_PATHS]) + (f" and {rest} more" if rest > 0 else "")


def _publishing_text(files: Sequence[str]) -> str:
    return f"{', '.join(files)} listens to tags" if files else "no CI file listens to tags: nothing will be published"


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]
