"""The tag of a release that was merged on the forge: its commit is found, compared and tagged; the tag is pushed alone.

A merge commit keeps the commit that was verified; a squash, a rebase and a merge queue make another. Its tree decides
whether it is what was verified.
"""

from __future__ import annotations

import contextlib
import posixpath
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial.ci.publisher import file_that_tags, files_that_publish
from seatrial.commands import Command
from seatrial.errors import Reasons, ReleaseError, SeatrialError, count_text, printable
from seatrial.git.push import AtomicPush, CommitFacts, read_commit, read_commits
from seatrial.git.repository import Remote, Repository, files_of_commit
from seatrial.project.find_versions import find_version_files
from seatrial.project.project import Project
from seatrial.project.read_changelog import has_entry, read_entry, versions_with_entry
from seatrial.project.versions import next_version, parse_version
from seatrial.redaction import redacted_address
from seatrial.release.manifest import Manifest
from seatrial.release.plan import ReleasePlan, released_text, tag_message, tag_plan_text
from seatrial.release.preconditions import (
    Preconditions,
    ask_index,
    check_preconditions,
    checked_facts,
    require_branch,
    require_free_tag,
    require_room_on_index,
)
from seatrial.release.prepare import (
    PreparedRelease,
    TaggedCommit,
    is_skipped_by_ci,
    push_options,
    read_snapshot,
    release_blockers,
    require_ci,
    verify_release,
)
from seatrial.release.push import ReleasePush, push_release, update_checkout
from seatrial.release.release import Dialog, ReleaseOptions, begin_release
from seatrial.release.request_branch import TREE_TRAILER, RequestNote, released_by
from seatrial.release.scratch_clone import scratch_clone

if TYPE_CHECKING:
    from seatrial.events import Progress
    from seatrial.git.scratch import Scratch
    from seatrial.project.snapshot import ProjectSnapshot


@dataclass(frozen=True)
class MergedRelease:
    """A release that is on the branch of the remote, and has no tag.

    ``merged``: the commit of the branch that brought it; ``commit``: the commit to tag, which is that or the one that
    it has merged; ``is_verified``: whether this machine has verified a commit with the same tree; ``between``: the
    other commits that came into it since; ``last``: the version before it, None for the first release; ``later``: the
    releases that were merged after it, and have no tag either; ``following``: the commits of the branch after it.
    """

    version: Version
    tag: str
    merged: CommitFacts
    commit: CommitFacts
    is_verified: bool
    between: tuple[str, ...] = ()
    last: Version | None = None
    later: tuple[Version, ...] = ()
    following: tuple[str, ...] = ()


class MergedTooLate(ReleaseError):
    """A release was merged after a newer one; ``version``: its own; ``instead``: the release that takes its place."""

    def __init__(self, what: str, version: Version, instead: Command) -> None:
        self.version, self.instead = version, instead
        super().__init__(what, fix=instead)


def tag_merged_release(
    repository: Repository, options: ReleaseOptions, dialog: Dialog, *, is_usual: bool = True, by_hand: bool = False
) -> str | None:
    """Tag a release that was merged, push the tag, and return it; None when no release was merged without its tag.

    ``is_usual``: whether a version on the branch without a tag is a merged release, although nothing else says so;
    ``by_hand``: whether it is tagged here although a workflow of the project does that.
    A release that was interrupted while its tag was pushed is finished instead. Raises `ReleaseError`, `BuildError` or
    `ToolError`; before the push nothing has changed.
    """
    progress, started = dialog.progress, time.monotonic()
    with begin_release(repository, options, dialog) as finished_tag:
        if finished_tag is not None:
            return finished_tag
        with progress.step("check", "whether a release was merged"):
            preconditions = check_preconditions(repository).on_remote_branch()
            if by_hand:
                Reasons(preconditions.reasons).raise_together()
            if preconditions.remote is None or preconditions.remote.tip != preconditions.commit:
                # What is wrong is reported by the release that follows.
                return None
            release = find_merged_release(
                preconditions,
                tests=options.tests,
                is_usual=is_usual,
                version=options.request.version,
                passed_over=progress if options.request.anyway else None,
                is_lenient=not by_hand,
            )
        if release is None:
            return None
        _require_request(release, options)
        part = options.request.part
        if part not in {None, "auto"}:
            progress.note(f"--part {part} is left out: {release.version} was merged, and is tagged first")
        return _tag(preconditions, release, options, dialog, started, by_hand=by_hand)


def require_merged_tag(repository: Repository, options: ReleaseOptions, dialog: Dialog) -> str:
    """Tag a release that was merged, and return the tag. Raises `NothingMerged` when there is none."""
    tag = tag_merged_release(repository, options, dialog, by_hand=True)
    if tag is None:
        raise ReleaseError(
            "every release that was merged has its tag",
            code="NothingMerged",
            fix=f"merge the request of a release first; the state: {Command('status')}",
        )
    return tag


def find_merged_release(
    preconditions: Preconditions,
    *,
    tests: bool = True,
    is_usual: bool = True,
    version: str | None = None,
    passed_over: Progress | None = None,
    is_lenient: bool = False,
) -> MergedRelease | None:
    """Return the release that is on the branch of the remote and has no tag, the oldest of several, or None.

    ``tests``: whether it is verified only when its sessions ran, too; ``version``: the one that the user asks for;
    ``passed_over``: where older ones are reported that are left without a tag for that one, None where none is;
    ``is_lenient``: whether a project that can't be read has none, because a release that follows reports why.

    Raises as `read_snapshot` does, `WrongBranch` where releases are made from another branch, and `MergedTooLate` for
    one that is older than the last release, unless ``version`` is newer than that; `TagTaken` if that is not pushed.
    """
    repository = preconditions.repository
    _, remote = preconditions.require_remote()
    note = RequestNote.recall(repository)
    with scratch_clone(repository, preconditions.commit) as scratch:
        try:
            snapshot = read_snapshot(scratch, remote)
        except SeatrialError:
            if is_lenient:
                return None
            raise
        require_branch(preconditions, snapshot.config.branch)
        if note and note.project != snapshot.project.name:
            note = None
        last = scratch.tag_id(snapshot.last_tag) if snapshot.last_tag else None
        history = f"{last}..{preconditions.commit}" if last else preconditions.commit
        commits = read_commits(repository, history)
        merged_version = _merged_version(snapshot, commits, note)
        if merged_version is None or snapshot.tag(merged_version) in remote.tags:
            return None
        if not _is_newest(snapshot, merged_version):
            if version is not None and _is_newest(snapshot, parse_version(version)):
                return None
            raise _late_error(preconditions, snapshot, merged_version, remote)
        has_evidence = partial(_has_evidence, snapshot, commits, note, is_usual=is_usual)
        versions = (*_older_versions(snapshot, commits, merged_version, remote), merged_version)
        # The files are read before others are checked out.
        waiting = {
            each: files_that_publish(scratch.root, snapshot.tag(each)) for each in versions if has_evidence(each)
        }
        merges = {each: merge for each in waiting if (merge := _find_merge(scratch, snapshot, history, each))}
        if passed_over is not None and version is not None:
            merges = _without_older(merges, parse_version(version), passed_over)
        if not merges:
            return None
        merged_version, *later = merges
        merged, publishes = merges[merged_version], waiting[merged_version]
    commit = _verified_parent(repository, merged, snapshot, merged_version)
    following = read_commits(repository, "--first-parent", f"{merged.commit}..{preconditions.commit}")
    if publishes and is_skipped_by_ci(commit.message):
        # The tag is of the first commit of the branch after the merge for which CI runs.
        commit = next((each for each in reversed(following) if not is_skipped_by_ci(each.message)), commit)
    names = tuple(f"{each.commit[:12]} {printable(each.subject)}" for each in following if each.commit != commit.commit)
    is_verified = note is not None and note.release == str(merged_version) and note.tree == commit.tree
    is_verified = is_verified and note is not None and (note.tested or not tests)
    between = () if is_verified or note is None else _commits_between(repository, note, commit)
    tag, last_version = snapshot.tag(merged_version), snapshot.last_version
    return MergedRelease(merged_version, tag, merged, commit, is_verified, between, last_version, tuple(later), names)


def _without_older(
    merges: Mapping[Version, CommitFacts], version: Version, progress: Progress
) -> dict[Version, CommitFacts]:
    """Return the merges of a version and of newer ones; the others are reported."""
    for each in merges:
        if each < version:
            progress.note(f"{each} was merged and stays without a tag (--anyway)")
    return {each: merge for each, merge in merges.items() if each >= version}


def _merged_version(
    snapshot: ProjectSnapshot, commits: tuple[CommitFacts, ...], note: RequestNote | None
) -> Version | None:
    """Return the version that may have been merged, None for none."""
    if not snapshot.comes_from_tag and (snapshot.is_untagged or (note and snapshot.current == note.version)):
        return snapshot.current
    versions = [version for each in commits if (version := released_by(each, snapshot.project.name))]
    versions += [note.version] if note and _has_written_entry(snapshot, note.version) else []
    if not snapshot.comes_from_tag:
        # The files are ahead of it: they have a development version again.
        versions += versions_with_entry(_changelog(snapshot, snapshot.current))
        waiting = [each for each in versions if _is_newest(snapshot, each) and each < snapshot.current]
        versions = [each for each in waiting if _has_written_entry(snapshot, each)]
    return max(versions, default=None)


def _older_versions(
    snapshot: ProjectSnapshot, commits: tuple[CommitFacts, ...], newest: Version, remote: Remote
) -> tuple[Version, ...]:
    """Return the versions without a tag that may have been merged before another one, the oldest first."""
    named = {version for each in commits if (version := released_by(each, snapshot.project.name))}
    versions = named | versions_with_entry(_changelog(snapshot, newest))
    return tuple(
        version
        for version in sorted(versions)
        if version < newest
        and _is_newest(snapshot, version)
        and snapshot.tag(version) not in remote.tags
        and _has_written_entry(snapshot, version)
    )


def _is_newest(snapshot: ProjectSnapshot, version: Version) -> bool:
    return snapshot.last_version is None or version > snapshot.last_version


def _late_error(
    preconditions: Preconditions, snapshot: ProjectSnapshot, version: Version, remote: Remote
) -> MergedTooLate:
    """Return the error about a merge after a newer release. Raises `TagTaken` if its tag is only here."""
    last = snapshot.last_version or version
    if snapshot.last_tag not in remote.tags:
        require_free_tag(preconditions, snapshot, last)
    newer = next_version(last, snapshot.requested.part)
    command = Command("release", "--pull-request", "--version", newer)
    if snapshot.news is not None and not snapshot.fragments:
        command = command.with_words("--allow-empty")
    return MergedTooLate(
        f"{version} was merged after {last} was released, whose tag {snapshot.last_tag} is on "
        f"{remote.name}: its tag would be of a newer project than that of {last}",
        version,
        command,
    )


def _has_evidence(
    snapshot: ProjectSnapshot,
    commits: tuple[CommitFacts, ...],
    note: RequestNote | None,
    version: Version,
    *,
    is_usual: bool,
) -> bool:
    """Whether a version is that of a request: of one from here, of a commit that was merged, or by its entry."""
    name = snapshot.project.name
    if any(released_by(each, name) == version for each in commits):
        return True
    is_noted = note is not None and note.version == version
    return (is_noted or (is_usual and snapshot.last_version is not None)) and _has_written_entry(snapshot, version)


def _has_written_entry(snapshot: ProjectSnapshot, version: Version) -> bool:
    """Whether the changelog of a snapshot has the entry of a version, or there is no changelog."""
    return snapshot.news is None or has_entry(_changelog(snapshot, version), version)


def _changelog(snapshot: ProjectSnapshot, version: Version) -> str:
    if snapshot.news is None:
        return ""
    path = snapshot.project.root / snapshot.news.entry_file(str(version), snapshot.project.name, "")
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _find_merge(scratch: Scratch, snapshot: ProjectSnapshot, history: str, version: Version) -> CommitFacts | None:
    """Return the commit of the branch itself that brought the version: a merge commit, or the commit of a squash.

    Only commits that change a version file, or the changelog, can be it; each of them is checked out. A version that
    a lower one has replaced was reverted.
    """
    repository = scratch.repository
    paths = [posixpath.normpath(f"{repository.prefix}{place.path}") for place in snapshot.places.places]
    if not paths and snapshot.news is not None:
        file = snapshot.news.entry_file(str(version), snapshot.project.name, "")
        paths = [posixpath.normpath(f"{repository.prefix}{file}")]
    candidates = read_commits(repository, "--first-parent", history, "--", *dict.fromkeys(paths))
    merged = after = None
    for candidate in candidates:
        scratch.git.run("checkout", "--quiet", "--force", "--detach", candidate.commit)
        at_commit = _version_at(scratch, snapshot, candidate.commit, version)
        if at_commit == version:
            merged = candidate
        elif merged:
            break
        else:
            after = at_commit
    if after is not None and after < version:
        return None
    is_current = snapshot.comes_from_tag or version == snapshot.current
    return merged or (read_commit(repository, scratch.base) if is_current else None)


def _version_at(scratch: Scratch, snapshot: ProjectSnapshot, commit: str, version: Version) -> Version | None:
    """Return the version of the commit that is checked out in the scratch clone, None for none that can be read.

    Where it comes from the tag, that is ``version`` once the changelog has its entry.
    """
    if snapshot.comes_from_tag:
        return version if _has_written_entry(snapshot, version) else None
    try:
        project = Project.from_directory(scratch.project)
        return find_version_files(project, files_of_commit(scratch.repository, commit)).version
    except SeatrialError:
        return None


def _verified_parent(
    repository: Repository, merged: CommitFacts, snapshot: ProjectSnapshot, version: Version
) -> CommitFacts:
    """Return the commit to tag: the one that a merge commit has merged, if that is as seatrial has made it.

    That is what was verified, to the byte: the files of a release are dated by their commit. What came onto the branch
    in the meantime belongs to the next release.
    """
    for parent in merged.parents[1:]:
        facts = read_commit(repository, parent)
        is_untouched = facts.trailers.get(TREE_TRAILER) == facts.tree
        if is_untouched and released_by(facts, snapshot.project.name) == version:
            return facts
    return merged


def _commits_between(repository: Repository, note: RequestNote, commit: CommitFacts) -> tuple[str, ...]:
    """Return the commits that are in a release and were not when it was verified."""
    with contextlib.suppress(SeatrialError):
        others = read_commits(repository, f"{note.base}..{commit.commit}")
        own = {note.commit, commit.commit}
        return tuple(f"{each.commit[:12]} {each.subject}" for each in others if each.commit not in own)
    return ()


def _require_request(release: MergedRelease, options: ReleaseOptions) -> None:
    """Raise `MergedNotTagged` when the user asks for another version than the merged one."""
    version, command = options.request.version, options.request.command
    if version and parse_version(version) != release.version:
        older = [str(each) for each in (release.version, *release.later) if each < parse_version(version)]
        names = ", ".join(older or [str(release.version)])
        leaving = f"\nor leave {names} without a tag: {command.with_words('--version', version, '--anyway')}"
        raise ReleaseError(
            f"{names} {'were' if older[1:] else 'was'} merged and {'have' if older[1:] else 'has'} no tag yet, so "
            f"{version} can't be released",
            code="MergedNotTagged",
            fix=f"{command}, which tags {release.version}{leaving if older else ''}",
        )


def _tag(
    preconditions: Preconditions,
    release: MergedRelease,
    options: ReleaseOptions,
    dialog: Dialog,
    started: float,
    *,
    by_hand: bool,
) -> str | None:
    """Verify the commit unless that was done, tag it, push the tag, and update the checkout; return the tag."""
    repository, progress = preconditions.repository, dialog.progress
    target, remote = preconditions.require_remote()
    at_commit = replace(preconditions, commit=release.commit.commit)
    with contextlib.ExitStack() as stack:
        with progress.step("prepare", f"{release.commit.commit[:12]} {release.commit.subject}") as step:
            scratch = stack.enter_context(scratch_clone(repository, release.commit.commit))
            if not by_hand:
                _require_no_tagging_workflow(scratch, release)
            snapshot = read_snapshot(scratch, remote)
            question = ask_index(snapshot.project, snapshot.config, options.environ)
            prepared = PreparedRelease(at_commit, scratch, snapshot, release_blockers(at_commit, scratch, snapshot))
            plan = _plan(prepared, release)
            _require_ready(prepared, plan, release, options)
            facts = stack.enter_context(checked_facts(prepared, plan, question, step))
        dialog.show(
            tag_plan_text(
                plan,
                f"{release.commit.commit[:12]} {release.commit.subject}",
                target.upstream.branch,
                remote,
                later=release.later,
                following=release.following,
            )
        )
        _report_comparison(release, progress)
        if not options.is_dry_run:
            dialog.confirm(plan)
        built = None
        if not release.is_verified:
            built = verify_release(
                prepared, plan, tests=options.tests, progress=progress, keep_going=options.keep_going
            )
            require_room_on_index(prepared, built, facts, progress)
        if options.is_dry_run:
            dialog.show(f"tag {plan.tag} at {release.commit.commit}\n\nNothing was pushed, and nothing is left.")
            return plan.tag
        with progress.step("tag", plan.tag):
            message = tag_message(plan.project, plan.version, plan.entry)
            oid = scratch.tag(plan.tag, message, release.commit.commit)
        push = AtomicPush(
            upstream=target.upstream,
            commit=remote.tip or release.commit.commit,
            tag=plan.tag,
            oid=oid,
            base=remote.tip,
            address=redacted_address(remote.addresses[0]),
            is_tag_alone=True,
        )
        release_push = ReleasePush(push, target.branch)
        with progress.step("push", f"{plan.tag} to {remote.name}") as step:
            push_release(
                repository, scratch.root, release_push, step, options.patience, again=Command("tag", "--merged")
            )
        with contextlib.suppress(OSError):
            if built is not None:
                Manifest(plan.tag, str(plan.version), release.commit.commit, tuple(built)).keep(repository)
            note = RequestNote.recall(repository)
            if note is None or note.version <= plan.version:
                RequestNote.forget(repository)
        try:
            with progress.step("update", f"{target.branch} in the checkout"):
                update_checkout(repository, release_push)
        finally:
            seconds = time.monotonic() - started
            dialog.show(released_text(plan, target, remote, seconds, is_tag_alone=True, later=release.later))
        return plan.tag


def _require_no_tagging_workflow(scratch: Scratch, release: MergedRelease) -> None:
    """Raise `MergedNotTagged` where CI makes the tag: a second tag would stop its run."""
    file = file_that_tags(scratch.root)
    if file:
        raise ReleaseError(
            f"{release.version} was merged and has no tag yet: {file} makes it",
            code="MergedNotTagged",
            fix=f"wait for its run, or run its failed jobs again; or without CI: {Command('tag', '--merged')}",
        )


def _plan(prepared: PreparedRelease, release: MergedRelease) -> ReleasePlan:
    snapshot, scratch = prepared.snapshot, prepared.scratch
    return ReleasePlan(
        project=snapshot.project.name,
        current=release.last or Version("0.0.0"),
        version=release.version,
        tag=release.tag,
        message=release.commit.message,
        entry=read_entry(_changelog(snapshot, release.version), release.version, with_heading=True),
        publishes=files_that_publish(scratch.root, release.tag),
    )


def _require_ready(
    prepared: PreparedRelease, plan: ReleasePlan, release: MergedRelease, options: ReleaseOptions
) -> None:
    """Raise `FragmentsLeft`, `TagTaken`, `CiSkipped`, or the reasons that prevent a release."""
    snapshot = prepared.snapshot
    Reasons(prepared.reasons).raise_together()
    require_free_tag(prepared.preconditions, snapshot, plan.version)
    if snapshot.news and snapshot.fragments and not release.is_verified and not options.request.anyway:
        notes = count_text(len(snapshot.fragments), "note")
        raise ReleaseError(
            f"{notes} came in with the merge of {plan.version} and would be missing from its entry: "
            + ", ".join(str(fragment.path) for fragment in snapshot.fragments),
            code="FragmentsLeft",
            fix=f"put them into the entry with another request; or leave them to the next release: "
            f"{options.request.command.with_words('--anyway')}",
        )
    if plan.publishes:
        merged = TaggedCommit(
            f"{release.commit.commit[:12]}, which was merged,",
            "merge another commit without it, an empty one is enough; then: "
            f"{options.request.command}, which tags that",
        )
        require_ci(plan.message, push_options(prepared.scratch.repository), merged)


def _report_comparison(release: MergedRelease, progress: Progress) -> None:
    if release.is_verified:
        progress.note(f"{release.commit.commit[:12]} has the tree that was verified: it is not verified again")
        return
    if release.between:
        listed = "".join(f"\n  {line}" for line in release.between)
        reason = f"{count_text(len(release.between), 'commit')} came in since it was verified:{listed}"
    else:
        reason = "no commit with its tree was verified on this machine"
    progress.note(f"{release.commit.commit[:12]} is verified again: {reason}")
