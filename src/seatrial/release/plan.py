"""The plan of a release: the next version, and what a release of it changes; as a value and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import count_text
from seatrial.git.repository import page_of_runs
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
    ``unfinished``: paths in the checkout that are not part of it; ``publishes``: the CI files that run on tags;
    ``hooks``: the settings with commands of bump-my-version, which do not run.
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
    hooks: tuple[str, ...] = ()


def tag_message(project: str, version: Version, entry: str = "") -> str:
    """Return the message of a tag: project, version, and the changelog entry."""
    return f"{project} {version}\n\n{entry}".strip() + "\n"


HOOKS_REASON = "which does not commit here; what updates a lock file belongs into lock in [tool.seatrial]"

MOST_PATHS = 12
"""How many paths are listed before the rest is counted."""


def plan_text(plan: ReleasePlan, target: PushTarget, remote: Remote) -> str:
    """Return the plan of a release: what changes, and where it is pushed to."""
    upstream = target.upstream
    entry = [*(f"  {line}".rstrip() for line in plan.entry.strip().splitlines()), ""] if plan.entry.strip() else []
    rows = [
        *_rows("files", changed_files(plan.diff)),
        *_rows("removes", plan.removed),
        ("commit", plan.message if plan.diff else "none: nothing changes in the files"),
        ("tag", plan.tag),
        ("push", f"{upstream.branch} and {plan.tag} to {remote.name} ({redact(remote.addresses[0])}), both or neither"),
        ("CI", _publishing_text(plan.publishes)),
    ]
    if plan.unpushed:
        rows.append(("also", f"{count_text(plan.unpushed, 'commit')} that {remote.name} does not have yet"))
    if plan.unfinished:
        rows.append(("not in", f"uncommitted changes in the checkout: {first_of(plan.unfinished)}"))
    if plan.hooks:
        rows.append(("not run", f"{', '.join(plan.hooks)} of bump-my-version, {HOOKS_REASON}"))
    lines = [f"{head:9}{text}" for head, text in rows]
    return "\n".join([f"{plan.project} {plan.current} → {plan.version}", "", *entry, *lines])


def _rows(head: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return rows of which the first has the head, and no more than `MOST_PATHS`."""
    visible = [*texts[:MOST_PATHS], *([f"and {len(texts) - MOST_PATHS} more"] if len(texts) > MOST_PATHS else [])]
    return [(head if not number else "", text) for number, text in enumerate(visible)]


def changed_files(diff: str) -> tuple[str, ...]:
    """Return the files that a diff of git changes or adds, with the lines added and removed, as in ``a.py +3 -1``."""
    files: list[tuple[str, int, int]] = []
    is_hunk = is_removed = False
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            is_hunk = is_removed = False
            files.append((line.rpartition(" b/")[2].strip('"'), 0, 0))
        elif not is_hunk:
            is_hunk = line.startswith("@@")
            is_removed = is_removed or line.startswith("deleted file")
            if is_removed and files and is_hunk:
                files.pop()
        elif files and not is_removed and line[:1] in ("+", "-"):
            name, added, removed = files[-1]
            files[-1] = (name, added + (line[0] == "+"), removed + (line[0] == "-"))
    return tuple(
        name + (f" +{added}" if added else "") + (f" -{removed}" if removed else "") for name, added, removed in files
    )


def dry_run_text(commit: str, plan: ReleasePlan, built: BuiltDistributions) -> str:
    """Return the end of ``--dry-run``: the commit as git shows it, the tag, the distributions."""
    files = [f"{file.name}  {file.size:,} bytes  sha256 {file.sha256}" for file in built]
    return "\n".join(
        [commit.rstrip(), "", f"tag {plan.tag}", "", *files, "", "Nothing was pushed, and nothing is left."]
    )


def released_text(plan: ReleasePlan, target: PushTarget, remote: Remote, seconds: float) -> str:
    """Return the card of a release after its push: what is on the remote, what publishes it, and the next command."""
    rows = [("pushed", f"{target.upstream.branch} and {plan.tag} to {remote.name}")]
    page = page_of_runs(remote.addresses[0])
    if plan.publishes:
        rows.append(("CI", f"{', '.join(plan.publishes)} publishes it" + (f": {page}" if page else "")))
        following = Command("verify")
    else:
        rows.append(("CI", "no file listens to tags"))
        following = Command("publish", "--version", plan.version)
    rows.append(("next", str(following)))
    lines = [f"{head:9}{text}" for head, text in rows]
    return "\n".join([f"{plan.project} {plan.version} is released, in {seconds:.0f} s", *lines])


def first_of(names: Sequence[str]) -> str:
    """Return the first `MOST_PATHS` names, and the number of the others."""
    rest = len(names) - MOST_PATHS
    return ", ".join(names[:MOST_PATHS]) + (f" and {rest} more" if rest > 0 else "")


def _publishing_text(files: Sequence[str]) -> str:
    return f"{', '.join(files)} listens to tags" if files else "no CI file listens to tags: nothing will be published"
