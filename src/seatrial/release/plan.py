"""The plan of a release: the next version, and what a release of it changes; as a value and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import count_text
from seatrial.git.repository import page_of_runs
from seatrial.invocation import task_command
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.git.repository import Remote
    from seatrial.release.preconditions import PushTarget


@dataclass(frozen=True)
class ReleasePlan:
    """The changes of a release.

    ``message``: that of the commit; ``entry``: the changelog entry as it was rendered; ``diff``: the changes of the
    commit, and ``removed`` the files that it removes; ``unpushed``: how many earlier commits are pushed with it;
    ``unfinished``: paths in the checkout that are not part of it; ``publishes``: the CI files that run on tags.
    """

    project: str
    current: Version
    version: Version
    tag: str
    message: str
    entry: str = ""
    diff: str = ""
    removed: tuple[str, ...] = ()
    unpushed: int = 0
    unfinished: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()


def tag_message(project: str, version: Version, entry: str = "") -> str:
    """Return the message of a tag: project, version, and the changelog entry."""
    return f"{project} {version}\n\n{entry}".strip() + "\n"


MOST_PATHS = 12
"""How many paths are listed before the rest is counted."""


def plan_text(plan: ReleasePlan, target: PushTarget, remote: Remote) -> str:
    """Return the plan of a release: what changes, and where it is pushed to."""
    upstream = target.upstream
    lines = [
        f"{plan.project} {plan.current} → {plan.version}",
        "",
        *(f"  {line}".rstrip() for line in plan.diff.rstrip().splitlines()),
        "",
        f"commit   {plan.message}" if plan.diff else "commit   none: nothing changes in the files",
        *([f"removes  {first_of(plan.removed)}"] if plan.removed else []),
        f"tag      {plan.tag}",
        f"push     {upstream.branch} and {plan.tag} to {remote.name} ({redact(remote.addresses[0])}), both or neither",
        f"CI       {_publishing_text(plan.publishes)}",
    ]
    if plan.unpushed:
        lines.append(f"also     {count_text(plan.unpushed, 'commit')} that {remote.name} does not have yet")
    if plan.unfinished:
        lines.append(f"not in   what is unfinished in the checkout: {first_of(plan.unfinished)}")
    return "\n".join(lines)


def dry_run_text(commit: str, plan: ReleasePlan, built: BuiltDistributions) -> str:
    """Return the end of ``--dry-run``: the commit as git shows it, the tag, the distributions."""
    files = [f"{file.name}  {file.size:,} bytes  sha256 {file.sha256}" for file in built]
    return "\n".join(
        [commit.rstrip(), "", f"tag {plan.tag}", "", *files, "", "Nothing was pushed, and nothing is left."]
    )


def released_text(plan: ReleasePlan, built: BuiltDistributions, target: PushTarget, remote: Remote) -> str:
    """Return the text after the push: what is on the remote, and what publishes it."""
    lines = [f"Released: {target.upstream.branch} and {plan.tag} are on {remote.name}."]
    lines += [f"  {file.name}  sha256 {file.sha256}" for file in built]
    page = page_of_runs(remote.addresses[0])
    if plan.publishes:
        lines.append(f"{', '.join(plan.publishes)} publishes it" + (f": {page}" if page else "."))
    else:
        lines.append(f"No CI file listens to tags; by hand: {task_command(f'publish --version {plan.version}')}")
    return "\n".join(lines)


def first_of(names: Sequence[str]) -> str:
    """Return the first `MOST_PATHS` names, and the number of the others."""
    rest = len(names) - MOST_PATHS
    return ", ".join(names[:MOST_PATHS]) + (f" and {rest} more" if rest > 0 else "")


def _publishing_text(files: Sequence[str]) -> str:
    return f"{', '.join(files)} listens to tags" if files else "no CI file listens to tags: nothing will be published"
