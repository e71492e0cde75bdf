"""A release through a pull request: one push of a release branch, without a tag, and a request to merge it.

The tag follows after the merge (`seatrial.release.merged`). The branch is pushed with a lease on exactly the commit
that seatrial has pushed before, so that nothing is replaced that somebody else has put there.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.ci.forge import (
    GhFailed,
    RequestText,
    compare_address,
    ensure_pull_request,
    gh_name,
    gitlab_push_options,
    new_merge_request_address,
)
from seatrial.ci.publisher import file_that_tags
from seatrial.commands import Command, Invocation
from seatrial.errors import PushRefused, ReleaseError, WorkflowUnknown
from seatrial.git.push import BranchPush, push_branch
from seatrial.git.repository import Remote, Repository, fetch_objects, page_of_repository
from seatrial.project.write_version import require_version
from seatrial.release.plan import ReleasePlan, RequestPlan, dry_run_text, request_plan_text
from seatrial.release.preconditions import require_room_on_index
from seatrial.release.prepare import PreparedRelease, verify_release
from seatrial.release.release import Dialog, ReleaseOptions, begin_release, checked_release
from seatrial.release.request_branch import (
    RequestBranch,
    RequestNote,
    branch_of,
    keep_body,
    read_request_branches,
    require_own_branch,
    with_trailers,
)
from seatrial.workflows.generate import forge_of_remote

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution
    from seatrial.events import Progress
    from seatrial.process import WaitingCommand


@dataclass(frozen=True)
class OpenRequest:
    """A request that was opened; ``url``: its address, or that of the form that opens it; ``is_open``: which of them.

    ``branch`` and ``commit``: what was pushed; ``body``: the path of the text for the form, None if it is open.
    """

    branch: str
    commit: str
    url: str | None
    is_open: bool
    body: str | None = None


@dataclass(frozen=True)
class Forge:
    """Where the request is opened.

    ``kind``: ``github``, ``gitlab`` or None; ``page``: that of the repository; ``home``: its name for gh.
    """

    kind: str | None
    page: str | None
    home: str | None

    @classmethod
    def of(cls, repository: Repository) -> Forge:
        """Read it from the addresses of the remotes."""
        kind = None
        with contextlib.suppress(WorkflowUnknown):
            kind, _ = forge_of_remote(repository)
        addresses = repository.forge_addresses
        page = next((page for address in addresses if (page := page_of_repository(address))), None)
        return cls(kind, page, gh_name(page) if page else None)

    def form(self, text: RequestText) -> str | None:
        """Return the address of the form that opens a request, None where it is unknown."""
        if self.page is None or self.kind is None:
            return None
        return (compare_address if self.kind == "github" else new_merge_request_address)(self.page, text)


def open_pull_request(
    repository: Repository, options: ReleaseOptions, dialog: Dialog, towncrier: WaitingCommand | None = None
) -> OpenRequest | None:
    """Push a release branch and open the request to merge it, or bring both up to date.

    Returns None after a dry run, and when a release that was interrupted was finished instead.

    The release is prepared and verified on a commit on top of the remote's branch, whatever the checkout is at.
    Raises as `seatrial.release.release.make_release` does, `ReleaseBranchTaken` or `ReleaseBranchEdited`.
    """
    progress, started = dialog.progress, time.monotonic()
    with contextlib.ExitStack() as stack:
        if stack.enter_context(begin_release(repository, options, dialog)) is not None:
            return None
        prepared, plan, facts = stack.enter_context(
            checked_release(repository, options, dialog, towncrier, on_remote_branch=True)
        )
        target, remote = prepared.preconditions.require_remote()
        planned = _plan_request(prepared, plan, remote)
        dialog.show(request_plan_text(planned.plan, remote))
        if not options.is_dry_run:
            dialog.confirm(plan)

        with progress.step("commit", "in the scratch clone, without a tag"):
            note = _commit(prepared, planned, remote, tested=options.tests)
        if planned.is_pushed(note):
            progress.note(f"{planned.plan.branch} is up to date: it is not verified and not pushed again")
            files: tuple[Distribution, ...] = ()
            note = replace(note, files=planned.note.files if planned.note else {})
        else:
            built = verify_release(
                prepared, plan, tests=options.tests, progress=progress, keep_going=options.keep_going
            )
            require_room_on_index(prepared, built, facts, progress)
            files = tuple(built)
            note = replace(note, files={file.name: file.sha256 for file in files})
        if not options.tests:
            progress.note("the tests were left out (--no-tests)")
        if options.is_dry_run:
            commit = prepared.scratch.git.run("show", "--stat", "--no-color", note.commit)
            dialog.show(dry_run_text(commit, replace(plan, tag=f"{plan.tag}, after the merge"), files))
            return None

        forge = Forge.of(repository)
        text = RequestText(
            planned.plan.branch, target.upstream.branch, title_of(plan), body_of(planned.plan, note.files, remote)
        )
        messages: tuple[str, ...] = ()
        if not planned.is_pushed(note):
            with progress.step("push", f"{planned.plan.branch} to {remote.name}, without a tag") as step:
                messages = _push(
                    repository, prepared, planned, note, remote, _options(forge, text), step, options.patience
                )
        with progress.step("request", f"to merge {planned.plan.branch} into {target.upstream.branch}") as step:
            opened = _open(repository, forge, text, note, planned.known_url, messages, step)
            if opened.is_open:
                replace(note, url=opened.url).keep(repository)
            else:
                opened = replace(opened, body=keep_body(repository, text.body))
        dialog.show(opened_text(planned.plan, opened, remote, time.monotonic() - started))
        return opened


@dataclass(frozen=True)
class PlannedRequest:
    """A request that is planned; ``existing``: its branch on the remote; ``outdated``: those of other versions.

    ``note``: what was pushed before, None when this machine has pushed nothing.
    """

    plan: RequestPlan
    existing: RequestBranch | None
    outdated: tuple[RequestBranch, ...]
    note: RequestNote | None

    @property
    def known_url(self) -> str | None:
        """The address of the request that this machine has opened for the branch, None without one."""
        is_same = self.existing is not None and self.note is not None and self.note.branch == self.plan.branch
        return self.note.url if self.note and is_same else None

    def is_pushed(self, note: RequestNote) -> bool:
        """Whether the branch has this release already, verified here, and nothing else is to be removed."""
        before, branch = self.note, self.existing
        if branch is None or before is None or branch.own is None or self.outdated or branch.commit != before.commit:
            return False
        is_same = (before.tree, before.base, before.release) == (note.tree, note.base, note.release)
        return is_same and (before.tested or not note.tested)


def _plan_request(prepared: PreparedRelease, plan: ReleasePlan, remote: Remote) -> PlannedRequest:
    """Return what is pushed. Raises `NothingToMerge`, `ReleaseBranchTaken` or `ReleaseBranchEdited`."""
    repository, snapshot = prepared.scratch.repository, prepared.snapshot
    target, _ = prepared.preconditions.require_remote()
    if not plan.diff and not plan.removed:
        is_usual = prepared.snapshot.config.through == "pull-request"
        how = 'with through = "push" in [tool.seatrial]' if is_usual else "without --pull-request"
        raise ReleaseError(
            f"a release of {plan.version} changes no file: nothing to merge",
            code="NothingToMerge",
            fix=f"push its tag alone: {Command('release', '--version', plan.version)}, {how}",
        )
    note = RequestNote.recall(repository)
    branches = read_request_branches(repository, remote, snapshot, note)
    for branch in branches:
        # A branch of another version that no release made is somebody's own, and stays.
        if branch.version == plan.version or branch.is_for(target.upstream.branch):
            require_own_branch(branch, remote)
    existing = next((branch for branch in branches if branch.version == plan.version), None)
    into = target.upstream.branch
    outdated = tuple(branch for branch in branches if branch.version != plan.version and branch.is_for(into))
    request = RequestPlan(
        release=plan,
        branch=branch_of(snapshot, repository, plan.version),
        into=into,
        tagged_by=file_that_tags(prepared.scratch.root),
        replaces=tuple(branch.name for branch in (*([existing] if existing else []), *outdated)),
    )
    return PlannedRequest(request, existing, outdated, note)


def _commit(prepared: PreparedRelease, planned: PlannedRequest, remote: Remote, *, tested: bool) -> RequestNote:
    """Commit in the scratch clone, with the trailers of a request. Raises `HookRefused` or `SigningFailed`."""
    scratch, plan = prepared.scratch, planned.plan.release
    tree, into = scratch.git.run("write-tree").strip(), planned.plan.into
    commit = scratch.commit(with_trailers(plan.message, plan.project, plan.version, into, tree))
    actual = scratch.git.run("rev-parse", f"{commit}^{{tree}}").strip()
    if actual != tree:
        # A hook has changed the files; it has run, and only the trailer changes now.
        message = with_trailers(plan.message, plan.project, plan.version, into, actual)
        scratch.git.run("commit", "--quiet", "--amend", "--no-verify", "--cleanup=whitespace", "-m", message)
        commit = scratch.git.run("rev-parse", "HEAD").strip()
    require_version(prepared.snapshot, plan.version)
    if prepared.snapshot.comes_from_tag:
        # The build takes the version from the tag, which only the scratch clone has: it is made after the merge.
        scratch.git.run("tag", "--no-sign", "-a", "-m", plan.tag, plan.tag, commit)
    return RequestNote(
        project=plan.project,
        release=str(plan.version),
        tag=plan.tag,
        remote=remote.name,
        branch=planned.plan.branch,
        into=into,
        base=scratch.base,
        commit=commit,
        tree=actual,
        replaced=planned.existing.commit if planned.existing else None,
        tested=tested,
    )


def _push(
    repository: Repository,
    prepared: PreparedRelease,
    planned: PlannedRequest,
    note: RequestNote,
    remote: Remote,
    options: tuple[str, ...],
    progress: Progress,
    patience: float,
) -> tuple[str, ...]:
    """Push the branch, and return what the forge reports. Raises `PushRefused` or `PushUnknown`."""
    fetch_objects(repository, prepared.scratch.root, f"refs/heads/{repository.branch or 'main'}")
    # Killed after this, the next run sees by the commit whether the push has arrived.
    note.keep(repository)
    push = BranchPush(
        branch=note.branch,
        commit=note.commit,
        expected=note.replaced,
        removed=tuple((branch.name, branch.commit) for branch in planned.outdated),
        options=options,
    )
    try:
        return push_branch(repository, remote, push, progress, patience)
    except PushRefused:
        if planned.note:
            planned.note.keep(repository)
        else:
            RequestNote.forget(repository)
        raise


def _options(forge: Forge, text: RequestText) -> tuple[str, ...]:
    return gitlab_push_options(text) if forge.kind == "gitlab" and forge.page else ()


def _open(
    repository: Repository,
    forge: Forge,
    text: RequestText,
    note: RequestNote,
    known_url: str | None,
    messages: Sequence[str],
    progress: Progress,
) -> OpenRequest:
    """Open the request, or return the address of the form that opens it.

    ``known_url``: the address of one that was opened before; ``messages``: the forge's about the push.
    """
    opened = OpenRequest(note.branch, note.commit, known_url, is_open=known_url is not None)
    if forge.kind == "gitlab" and forge.page:
        address = next((word for line in messages for word in line.split() if "/merge_requests/" in word), None)
        if address and "/merge_requests/new" not in address:
            return replace(opened, url=address, is_open=True)
        for line in messages:
            if "push option" in line:
                progress.note(line)
    if forge.kind == "github" and forge.home:
        try:
            return replace(opened, url=ensure_pull_request(repository.root, forge.home, text), is_open=True)
        except GhFailed as error:
            change = "given the new text" if known_url else "opened"
            form = "" if known_url else "; open it with the form"
            progress.note(f"the request was not {change}, because {error}{form}")
    return opened if opened.is_open else replace(opened, url=forge.form(text))


INVOCATION = Invocation((), {})
"""How commands are called in a request: its readers have another shell."""


def title_of(plan: ReleasePlan) -> str:
    """Return the title of the request: with a squash merge it is the subject of the commit."""
    return plan.message.partition("\n")[0]


def body_of(plan: RequestPlan, files: Mapping[str, str], remote: Remote) -> str:
    """Return the body of the request in Markdown: the entry, the files, what follows, and how to abandon it.

    ``files``: their SHA-256, by their names.
    """
    release = plan.release
    sections = []
    if release.entry.strip():
        sections.append(_shortened(release.entry.strip(), plan.branch))
    if files:
        rows = "\n".join(f"| {name} | `{sha256}` |" for name, sha256 in files.items())
        sections.append(
            "### Files\n\nBuilt and checked from the commit of this branch. After a squash or a rebase the commit has "
            f"another date, and the files the same content.\n\n| file | SHA-256 |\n|---|---|\n{rows}"
        )
    publishing = " and ".join(f"`{name}`" for name in release.publishes)
    follows = f"The tag starts {publishing}." if publishing else "No file of CI listens to tags."
    own = (
        f"### After the merge\n\n`{INVOCATION.render(Command('release'))}` finds the commit on `{plan.into}`, "
        f"whatever the way of merging, and pushes the tag `{release.tag}`. {follows}"
    )
    by_ci = (
        f"### After the merge\n\n`{plan.tagged_by}` builds and tests the commit on `{plan.into}`, makes the tag "
        f"`{release.tag}`, and publishes."
    )
    sections.append(by_ci if plan.tagged_by else own)
    sections.append(
        "### To abandon this release\n\nClose this request and delete the branch:\n\n"
        f"    git push {remote.name} --delete {plan.branch}\n\nNothing else has changed."
    )
    return "\n\n".join(sections) + "\n"


MOST_BYTES = 50_000
"""The longest entry in a body: GitHub takes bodies of 65,536 characters, git options of a push with 65,516 bytes."""


def _shortened(entry: str, branch: str) -> str:
    if len(entry.encode()) <= MOST_BYTES:
        return entry
    whole_lines = entry.encode()[:MOST_BYTES].decode(errors="ignore").rpartition("\n")[0]
    return f"{whole_lines}\n\nThe entry is longer: the rest is in the changelog on `{branch}`."


def opened_text(plan: RequestPlan, opened: OpenRequest, remote: Remote, seconds: float) -> str:
    """Return the card of a request: what was pushed, where it is merged, and the next command."""
    if opened.is_open:
        request = opened.url or "open"
    elif opened.url:
        request = f"open it: {opened.url}"
    else:
        request = f"open it on the forge: merge {plan.branch} into {plan.into}"
    tagging = f" {plan.tagged_by} tags it" if plan.tagged_by else f": {Command('release')}"
    rows = [
        ("pushed", f"{plan.branch} to {remote.name}, at {opened.commit[:12]}"),
        ("request", request),
        *([("body", f"{opened.body}, to paste into the request")] if opened.body else []),
        ("next", f"merge it, then{tagging}"),
    ]
    lines = [f"{head:9}{text}" for head, text in rows]
    release = plan.release
    return "\n".join([f"{release.project} {release.version} waits to be merged, after {seconds:.0f} s", *lines])
