"""The plan of a release: the next version, and what a release of it changes; as a value and as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import count_text, first_names
from seatrial.git.repository import Remote, page_of_runs
from seatrial.redaction import redact

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.distributions.distribution import Distribution
    from seatrial.release.preconditions import PushTarget


@dataclass(frozen=True)
class ReleasePlan:
    """The changes of a release.

    ``message``: that of the commit; ``entry``: the changelog entry as it was rendered; ``diff``: the changes of the
    commit, and ``removed`` the files that it removes; ``unpushed``: the commits of the checkout that the remote lacks,
    which a push takes along and a request does not; ``unfinished``: paths in the checkout that are not part of it;
    ``publishes``: the CI files that run on tags; ``hooks``: the settings with commands of bump-my-version, which do not
    run; ``stale``: lines that keep the numbers of the version before; ``announced``: another version that the changelog
    names as the next one.
    """

    project: str
    current: Version
    version: Version
    tag: str
    message: str
    entry: str = ""
    diff: str = ""
    removed: tuple[str, ...] = ()
    unpushed: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    announced: Version | None = None


def tag_message(project: str, version: Version, entry: str = "") -> str:
    """Return the message of a tag: project, version, and the changelog entry."""
    return f"{project} {version}\n\n{entry}".strip() + "\n"


HOOKS_REASON = "which does not commit here; what updates a lock file belongs into lock in [tool.seatrial]"

STALE_FIX = (
    "bump-my-version writes such numbers, by search and replace in [[tool.bumpversion.files]] (docs/settings.md)"
)


@dataclass(frozen=True)
class RequestPlan:
    """What a release through a request pushes.

    ``branch``: the release branch, that is merged ``into`` another; ``replaces``: the branches that it takes the place
    of; ``tagged_by``: the workflow that makes the tag after the merge, None for none.
    """

    release: ReleasePlan
    branch: str
    into: str
    replaces: tuple[str, ...] = ()
    tagged_by: str | None = None


def request_plan_text(plan: RequestPlan, remote: Remote) -> str:
    """Return the plan of a release through a request: what changes, and which branch is pushed."""
    release, address = plan.release, redact(remote.addresses[0])
    rows = [
        *_rows("files", changed_files(release.diff)),
        *_rows("removes", release.removed),
        ("commit", release.message),
        ("push", f"{plan.branch} to {remote.name} ({address}), and no tag"),
        ("request", f"to merge it into {plan.into}; {release.tag} follows after the merge"),
        ("CI", _publishing_text(release.publishes)),
    ]
    rows += [("replaces", name) for name in plan.replaces]
    if release.unpushed:
        rows += _commit_rows("not in", release.unpushed, f"that {remote.name} does not have")
    if release.unfinished:
        rows.append(("not in", f"uncommitted changes in the checkout: {first_of(release.unfinished)}"))
    if release.hooks:
        rows.append(("not run", f"{', '.join(release.hooks)} of bump-my-version, {HOOKS_REASON}"))
    return _plan_page(release, rows)


def tag_plan_text(
    plan: ReleasePlan,
    commit: str,
    into: str,
    remote: Remote,
    *,
    later: Sequence[Version] = (),
    following: Sequence[str] = (),
) -> str:
    """Return the plan of the tag of a release that was merged.

    ``later``: those that were merged after it; ``following``: the commits that the branch has after it.
    """
    rows = [
        ("commit", commit),
        ("tag", plan.tag),
        ("push", f"{plan.tag} to {remote.name} ({redact(remote.addresses[0])}), which has it on {into}"),
        ("CI", _publishing_text(plan.publishes)),
        *(_commit_rows("not in", following, f"of {into} that came after it") if following else []),
        *_later_rows(later),
    ]
    return _plan_page(plan, rows)


def _later_rows(versions: Sequence[Version]) -> list[tuple[str, str]]:
    """Return a row about the releases that were merged after this one, and have no tag either."""
    names = ", ".join(map(str, versions))
    return [("later", f"{names}, merged without a tag too: {Command('tag', '--merged')}")] if versions else []


def _plan_page(plan: ReleasePlan, rows: Sequence[tuple[str, str]]) -> str:
    entry = [*(f"  {line}".rstrip() for line in plan.entry.strip().splitlines()), ""] if plan.entry.strip() else []
    stale = [*_rows("stale", plan.stale), ("", STALE_FIX)] if plan.stale else []
    named = [("but", f"the changelog announces {plan.announced}: --version {plan.announced}")] if plan.announced else []
    lines = [f"{head:9}{text}" for head, text in (*named, *rows, *stale)]
    return "\n".join([f"{plan.project} {plan.current} → {plan.version}", "", *entry, *lines])


MOST_PATHS = 12
"""How many paths are listed before the rest is counted."""


def plan_text(plan: ReleasePlan, target: PushTarget, remote: Remote) -> str:
    """Return the plan of a release: what changes, and where it is pushed to."""
    upstream = target.upstream
    rows = [
        *_rows("files", changed_files(plan.diff)),
        *_rows("removes", plan.removed),
        ("commit", plan.message if plan.diff else "none: nothing changes in the files"),
        ("tag", plan.tag),
        ("push", f"{upstream.branch} and {plan.tag} to {remote.name} ({redact(remote.addresses[0])}), both or neither"),
        ("CI", _publishing_text(plan.publishes)),
    ]
    if plan.unpushed:
        rows += _commit_rows("also", plan.unpushed, f"that {remote.name} does not have yet")
    if plan.unfinished:
        rows.append(("not in", f"uncommitted changes in the checkout: {first_of(plan.unfinished)}"))
    if plan.hooks:
        rows.append(("not run", f"{', '.join(plan.hooks)} of bump-my-version, {HOOKS_REASON}"))
    return _plan_page(plan, rows)


def _rows(head: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return rows of which the first has the head, and no more than `MOST_PATHS`."""
    visible = [*texts[:MOST_PATHS], *([f"and {len(texts) - MOST_PATHS} more"] if len(texts) > MOST_PATHS else [])]
    return [(head if not number else "", text) for number, text in enumerate(visible)]


def _commit_rows(head: str, commits: Sequence[str], text: str) -> list[tuple[str, str]]:
    """Return a row with the number of some commits, and the first of them below it."""
    return [(head, f"{count_text(len(commits), 'commit')} {text}:"), *_rows("", [f"  {commit}" for commit in commits])]


def changed_files(diff: str) -> tuple[str, ...]:
    """Return the files that a diff of git changes or adds, with the lines added and removed, as in ``a.py +3 -1``."""
    files: list[tuple[str, int, int]] = []
    empty: set[str] = set()
    is_hunk = is_removed = False
    for line in diff.splitlines():
        if line.startswith("diff --git "):
            is_hunk = is_removed = False
            files.append((line.rpartition(" b/")[2].strip('"'), 0, 0))
        elif not is_hunk:
            is_hunk = line.startswith("@@")
            if line.startswith("new file"):
                empty.add(files[-1][0])
            elif line.startswith("Binary files"):
                empty.discard(files[-1][0])
            is_removed = is_removed or line.startswith("deleted file")
            if is_removed and files and is_hunk:
                files.pop()
        elif files and not is_removed and line[:1] in ("+", "-"):
            name, added, removed = files[-1]
            files[-1] = (name, added + (line[0] == "+"), removed + (line[0] == "-"))
    return tuple(
        name + (f" +{added}" if added else " (empty)" if name in empty else "") + (f" -{removed}" if removed else "")
        for name, added, removed in files
    )


def dry_run_text(commit: str, plan: ReleasePlan, built: Iterable[Distribution]) -> str:
    """Return the end of ``--dry-run``: the commit as git shows it, the tag, the distributions."""
    files = [f"{file.name}  {file.size:,} bytes  sha256 {file.sha256}" for file in built]
    return "\n".join(
        [commit.rstrip(), "", f"tag {plan.tag}", "", *files, "", "Nothing was pushed, and nothing is left."]
    )


def released_text(
    plan: ReleasePlan,
    target: PushTarget,
    remote: Remote,
    seconds: float,
    *,
    is_tag_alone: bool = False,
    later: Sequence[Version] = (),
) -> str:
    """Return the card of a release after its push: what is on the remote, what publishes it, and the next command."""
    pushed = plan.tag if is_tag_alone else f"{target.upstream.branch} and {plan.tag}"
    rows = [("pushed", f"{pushed} to {remote.name}")]
    page = page_of_runs(remote.addresses[0])
    if plan.publishes:
        rows.append(("CI", f"{', '.join(plan.publishes)} publishes it" + (f": {page}" if page else "")))
        following = Command("verify")
    else:
        rows.append(("CI", "no file listens to tags"))
        following = Command("publish", "--version", plan.version)
    rows += [*_later_rows(later), ("next", str(following))]
    lines = [f"{head:9}{text}" for head, text in rows]
    return "\n".join([f"{plan.project} {plan.version} is released, in {seconds:.0f} s", *lines])


def first_of(names: Sequence[str]) -> str:
    """Return the first `MOST_PATHS` names, and the number of the others."""
    return first_names(names, MOST_PATHS)


def _publishing_text(files: Sequence[str]) -> str:
    return f"{', '.join(files)} listens to tags" if files else "no CI file listens to tags: nothing will be published"
