"""What is known of a push from what git has printed, and from its trace."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from git_server import SlowRemote, serve_remote, the_line_is_cut
from seatrial.commands import Command
from seatrial.errors import PushRefused, ReleaseError
from seatrial.events import SILENT, Activity, Note, Progress
from seatrial.git.push import (
    AtomicPush,
    BranchPush,
    PushState,
    begin_trace,
    complete_push,
    push_branch,
    read_branches,
    readable_output,
    refusal_fix,
    states_of_refs,
    try_push,
    was_sent,
)
from seatrial.git.repository import Remote, Upstream, read_remote, read_repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sample_project import SampleProject


ACCEPTED, REFUSED, UNKNOWN = PushState.ACCEPTED, PushState.REFUSED, PushState.UNKNOWN


def test_output_of_a_push_names_refs_without_ids_and_tabs() -> None:
    """A terminal got a line of `!`, an id, a ref and a reason without a blank in between."""
    output = (
        "remote: GitLab: You are not allowed to push\nerror: failed to push some refs to '../r.git'\n"
        "To ../r.git\n!\t47b3:refs/heads/release/1.3.0\t[remote rejected] (hook declined)\n"
        "!\te3e2:refs/tags/v1.3.0\t[remote rejected] (hook declined)\nDone\n"
    )
    assert readable_output(output).splitlines() == [
        "remote: GitLab: You are not allowed to push",
        "error: failed to push some refs to '../r.git'",
        "release/1.3.0: [remote rejected] (hook declined)",
        "v1.3.0: [remote rejected] (hook declined)",
    ]


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (" \ta:refs/heads/main\t1a..2b", ACCEPTED),
        ("*\ta:refs/heads/main\t[new branch]", ACCEPTED),
        ("=\ta:refs/heads/main\t[up to date]", ACCEPTED),
        ("!\ta:refs/heads/main\t[rejected] (stale info)", REFUSED),
        ("!\ta:refs/heads/main\t[rejected] (atomic push failed)", REFUSED),
        ("!\ta:refs/heads/main\t[remote rejected] (pre-receive hook declined)", REFUSED),
        ("!\ta:refs/heads/main\t[remote rejected] (fatal error in commit_refs)", REFUSED),
        ("!\ta:refs/heads/main\t[remote failure] (remote failed to report status)", UNKNOWN),
    ],
)
def test_state_of_a_ref_is_the_one_that_is_reported(line: str, state: PushState) -> None:
    """The texts are git's: ``transport.c``."""
    assert dict(states_of_refs(f"To ../remote.git\n{line}\nDone\n")) == {"refs/heads/main": state}


def test_messages_are_no_report() -> None:
    assert dict(states_of_refs("fatal: the remote end hung up unexpectedly\nDone\n\terror: no\n")) == {}


def pushed(project: SampleProject, *words: str) -> Path:
    """Push, and return the trace."""
    trace = project.root.parent / "trace"
    project.run("git", "push", "-q", *words, "HEAD:refs/heads/main", GIT_TRACE2_EVENT=str(trace))
    return trace


@pytest.fixture
def clone(project: SampleProject) -> SampleProject:
    """Return a repository with two commits, and a remote that has the first."""
    project.git("init", "-q", "-b", "main")
    project.commit()
    project.git("init", "-q", "--bare", "-b", "main", "../remote.git")
    project.git("push", "-q", "../remote.git", "main")
    project.commit("Another")
    return project


def test_push_that_arrives_was_sent(clone: SampleProject) -> None:
    assert was_sent(pushed(clone, "../remote.git"))


def test_push_that_a_hook_of_the_remote_refuses_was_sent(clone: SampleProject) -> None:
    hook = clone.root.parent / "remote.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert was_sent(pushed(clone, "../remote.git"))


@pytest.mark.parametrize(
    "words", [("http://127.0.0.1:9/r.git",), ("../nowhere.git",), ("--force-with-lease=main:0", "../remote.git")]
)
def test_push_that_ends_before_the_objects_was_not_sent(clone: SampleProject, words: tuple[str, ...]) -> None:
    trace = pushed(clone, *words)
    assert '"event":"start"' in trace.read_text()
    assert not was_sent(trace)


def test_push_that_a_hook_here_refuses_was_not_sent(clone: SampleProject) -> None:
    hook = clone.root / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert not was_sent(pushed(clone, "../remote.git"))


def test_helper_of_another_protocol_may_have_sent_anything(clone: SampleProject, tmp_path: Path) -> None:
    program = tmp_path / "git-remote-dock"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    trace = tmp_path / "trace"
    path = f"{tmp_path}:{clone.environ.get('PATH') or '/usr/bin:/bin'}"
    clone.run("git", "push", "dock::somewhere", "HEAD:refs/heads/main", GIT_TRACE2_EVENT=str(trace), PATH=path)
    assert was_sent(trace)


def test_trace_that_is_cut_off_or_gone_excludes_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert was_sent(trace)
    trace.write_text("")
    assert not was_sent(trace)
    sent = json.dumps({"event": "child_start", "argv": ["git", "pack-objects", "--all-progress-implied"]})
    trace.write_text(f'{{"event":"start"}}\n{sent}\n{{"event":"chi')
    assert was_sent(trace)


def test_trace_is_kept_only_where_git_writes_one(clone: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, trace = read_repository(clone.root), clone.root.parent / "trace"
    trace.write_text("of an earlier push")
    begin_trace(repository, trace)
    assert (trace.read_text(), was_sent(trace)) == ("", False)
    program = clone.root.parent / "bin/git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nunset GIT_TRACE2_EVENT\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    begin_trace(repository, trace)
    assert (trace.exists(), was_sent(trace)) == (False, True)


BRANCH_FIX, TAG_FIX = "release by a pull request: ", "let yourself create the tag "


LARGE = """\
remote: warning: See https://gh.io/lfs for more information.
remote: warning: File a is 60.00 MB; this is larger than GitHub's recommended maximum file size of 50.00 MB
remote: warning: GH001: Large files detected. You may want to try Git Large File Storage.
"""
"""What GitHub warns about in a push that it takes, or refuses for another reason."""


@pytest.mark.parametrize(
    ("report", "fix"),
    [
        ("remote: error: GH006: Protected branch update failed for refs/heads/main.", BRANCH_FIX),
        ("remote: error: GH013: Repository rule violations found for refs/heads/main.", BRANCH_FIX),
        ("remote: error: 3 of 3 required status checks are expected.", BRANCH_FIX),
        ('remote: error: Required status check "tests" is expected.', BRANCH_FIX),
        ("remote: - Changes must be made through a pull request.", BRANCH_FIX),
        ("remote: error: Changes must be made through the merge queue, by a pull request", BRANCH_FIX),
        (
            "remote: GitLab: You are not allowed to push code to protected branches on this project.",
            "release by a merge request: ",
        ),
        ("remote: Gitea: Not allowed to push to protected branch main", BRANCH_FIX),
        ("remote: Branch main is protected from direct pushes", BRANCH_FIX),
        ("! [remote rejected] main -> main (protected branch hook declined)", BRANCH_FIX),
        (
            "remote: error: GH013: … refs/heads/main.\nremote: - Changes must be made through the merge queue",
            BRANCH_FIX,
        ),
        ("remote: error: GH013: … refs/heads/main.\nremote: - This branch must not contain merge commits.", BRANCH_FIX),
        ("remote: Branch refs/heads/main can only be modified through pull requests.", BRANCH_FIX),
        ("remote: Permission denied to update branch main.", BRANCH_FIX),
        ("remote: Forgejo: Not allowed to push to protected branch main", BRANCH_FIX),
        ("remote: TF402455: Pushes to this branch are not permitted; you must use a pull request", BRANCH_FIX),
        ("remote: Gitea: Tag v1.3.0 is protected", TAG_FIX),
        ("remote: GitLab: Protected tags cannot be updated.", TAG_FIX),
        ("remote: TF401027: You need the Git 'CreateTag' permission to perform this action.", TAG_FIX),
        (
            "remote: error: GH013: … refs/heads/main.\nremote: - Commit author email must match",
            "commit with an address ",
        ),
        ("remote: GitLab: Committer's email 'a@b.c' does not follow the pattern", "commit with an address "),
        ("remote: GitLab: Commit must be signed with a GPG key", "sign what "),
        ("ERROR: The key you are authenticating with has been marked as read only.", "get write access "),
        ("ERROR: This repository was archived so it is read-only.", "have the repository unarchived"),
        ("remote: error: GH013: Repository rule violations found for refs/tags/v1.3.0.", TAG_FIX),
        ("remote: GitLab: You are not allowed to create this tag as it is protected.", TAG_FIX),
        ("remote: error: GH013: … refs/heads/main.\nremote: - Push cannot contain secrets", "take the secret out "),
        ("remote: error: GH013: … refs/heads/main.\nremote: - Commits must have verified signatures.", "sign what "),
        ("remote: error: GH007: Your push would publish a private email address.", "commit with an address "),
        (
            "remote: error: File data.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB",
            "take the fi",
        ),
        (f"{LARGE}remote: error: GH006: Protected branch update failed for refs/heads/main.", BRANCH_FIX),
        (f"{LARGE}! [remote rejected] main -> main (pre-receive hook declined)", "do what the remote's hook asks for"),
        ("remote: error: GH001: Large files detected.", "take the file out "),
        ("remote: GitLab: File 'a' is larger than the allowed size of 5 MiB", "take the file out "),
        ("remote: 1.2 must be larger than 1.3\n! [remote rejected] a -> a (hook declined)", "do what the remote's "),
        (
            "refusing to allow an OAuth App to create or update workflow `a` without `workflow` scope",
            "log in with the ",
        ),
        (
            "refusing to allow a GitHub App to update workflow `a` without `workflows` permission",
            "log in with the right",
        ),
        ("remote: error: GH013: … refs/heads/main.\nremote: - Commit message must match", "set message in "),
        ("remote: GitLab: Commit message does not follow the pattern '[A-Z]+-[0-9]+'", "set message in "),
        ("! [rejected] main -> main (fetch first)", "somebody has pushed meanwhile: "),
        ("! [remote rejected] main -> main (pre-receive hook declined)", "do what the remote's hook asks for"),
        ("! [remote rejected] main -> main (hook declined)", "do what the remote's hook asks for"),
        ("fatal: the receiving end does not support --signed push", "sign pushes only where "),
        ("fatal: the receiving end does not support push options", "push without: "),
        ("remote: Permission to acme/tidepool.git denied to somebody.", "get write access "),
        ("ERROR: Permission to acme/tidepool.git denied to somebody.\nfatal: Could not read", "get write access "),
        ("remote: You are not allowed to push code to this project.", "get write access "),
        (
            "fatal: unable to access 'https://forge.invalid/': The requested URL returned error: 403",
            "get write access ",
        ),
    ],
)
def test_refusal_of_a_forge_has_a_fix(report: str, fix: str) -> None:
    assert (refusal_fix(report, "origin") or "").startswith(fix)


def test_refusal_for_an_unknown_reason_has_no_fix() -> None:
    hint = "remote: Create a pull request for 'main' on the forge by visiting: http://forge.invalid/pull/new/main"
    assert refusal_fix(f"{hint}\nerror: failed to push some refs", "origin") is None


BRANCH = "release/1.3.0"


@dataclass
class Forge:
    """A clone whose remote is served over http, and the notes of its pushes."""

    clone_of_branch: SampleProject
    slow: SlowRemote
    remote: Remote
    texts: list[str] = field(default_factory=list)

    def push(self, patience: float = 0) -> tuple[str, ...]:
        """Push the release branch as a new one."""
        repository = read_repository(self.clone_of_branch.root)
        push = BranchPush(BRANCH, repository.commit or "")
        return push_branch(repository, self.remote, push, Progress(self._emit), patience)

    def _emit(self, event: object) -> None:
        if isinstance(event, (Note, Activity)):
            self.texts.append(event.text)

    @property
    def branches(self) -> dict[str, str]:
        """The release branches of the remote."""
        return read_branches(read_repository(self.clone_of_branch.root), self.remote, "release/*")


@pytest.fixture
def clone_of_branch(project: SampleProject) -> SampleProject:
    """Return a repository with a remote, and a commit that the remote lacks."""
    project.git("init", "-q", "-b", "main")
    project.commit()
    project.git("init", "-q", "--bare", "-b", "main", "../remote.git")
    project.git("-C", "../remote.git", "config", "http.receivepack", "true")
    project.git("remote", "add", "origin", "../remote.git")
    project.git("push", "-q", "-u", "origin", "main")
    project.commit("Release 1.3.0")
    return project


def remote_at(clone_of_branch: SampleProject, address: str) -> Remote:
    """Return the remote, which is at an address from now on."""
    remote = read_remote(read_repository(clone_of_branch.root), Upstream("origin", "refs/heads/main"))
    clone_of_branch.git("remote", "set-url", "origin", address)
    return replace(remote, addresses=(address,))


@pytest.fixture(params=["pre-receive", "post-receive"])
def forge(clone_of_branch: SampleProject, request: pytest.FixtureRequest) -> Iterator[Forge]:
    """Return a forge that drops the connection of the next push, before or after the refs move."""
    bare = clone_of_branch.root.parent / "remote.git"
    slow = SlowRemote.make(bare, request.param)
    with serve_remote(bare, slow) as address:
        yield Forge(clone_of_branch, slow, remote_at(clone_of_branch, address))


def test_connection_that_is_lost_is_no_refusal(forge: Forge) -> None:
    questions = count()

    def answer() -> None:
        if next(questions) == 1:
            forge.slow.let_go()

    def drop() -> None:
        forge.slow.on_read = answer

    forge.slow.on_drop = drop
    assert forge.push(patience=60) == ()
    assert forge.texts[0] == f"the connection to origin was lost during the push: asking whether it has {BRANCH}"
    assert forge.branches == {BRANCH: forge.clone_of_branch.git("rev-parse", "HEAD").strip()}


@pytest.mark.parametrize("forge", ["pre-receive"], indirect=True)
def test_push_whose_state_stays_unknown_is_neither_taken_nor_refused(forge: Forge) -> None:
    with raises_error("PushUnknown") as caught:
        forge.push()
    assert caught.value.what.startswith(f"whether origin takes {BRANCH} is not known yet:\n")
    assert forge.branches == {}
    forge.slow.let_go()
    assert forge.branches == {BRANCH: forge.clone_of_branch.git("rev-parse", "HEAD").strip()}


@pytest.mark.parametrize("forge", ["pre-receive"], indirect=True)
def test_push_that_somebody_overtook_is_refused(forge: Forge) -> None:
    bare = forge.clone_of_branch.root.parent / "remote.git"

    def overtake() -> None:
        forge.clone_of_branch.git("-C", str(bare), "update-ref", f"refs/heads/{BRANCH}", "main")

    forge.slow.on_drop = overtake
    with raises_error("PushRefused"):
        forge.push()


LET_PUSH = f"branches like {BRANCH}, in the settings of the forge; or name them otherwise: "


@pytest.mark.parametrize(
    ("report", "is_there", "fix"),
    [
        ("GH013: …\n- Cannot create ref due to creations being restricted.", False, f"let yourself push {LET_PUSH}"),
        ("GH013: …\n- Cannot force-push to this branch", True, f"let yourself force-push {LET_PUSH}"),
        ("GitLab: Branch name does not follow the pattern 'feature/.*'", False, f"let yourself push {LET_PUSH}"),
        ("Permission denied to create branch release/1.3.0.", False, f"let yourself push {LET_PUSH}"),
        ("Cannot delete this branch", None, "let yourself delete release/1.2.9, in the settings of the forge; or "),
        ("GH013: …\n- Commits must have verified signatures.", False, "sign what a release makes: "),
        (None, False, "name the branches of releases otherwise: release-branch in "),
    ],
)
def test_refusal_of_a_release_branch_has_a_fix(
    clone_of_branch: SampleProject, report: str | None, fix: str, *, is_there: bool | None
) -> None:
    """The words are those of forges; without any, git itself refuses a branch below another one.

    ``is_there``: whether the branch is there before, None where one of another version is, which is removed.
    """
    before = BRANCH if is_there else "release/1.2.9"
    if is_there is not False:
        clone_of_branch.git("push", "-q", "origin", f"HEAD^:refs/heads/{before}")
    if report is None:
        clone_of_branch.git("push", "-q", "origin", "main:refs/heads/release")
    else:
        hook = clone_of_branch.root.parent / "remote.git/hooks/update"
        condition = f"[ $1 = refs/heads/{before if is_there is None else BRANCH} ] || exit 0"
        hook.write_text(f'#!/bin/sh\n{condition}\ncat >&2 <<"END"\n{report}\nEND\nexit 1\n', encoding="utf-8")
        hook.chmod(0o755)
    repository, remote = read_repository(clone_of_branch.root), remote_at(clone_of_branch, "../remote.git")
    old = clone_of_branch.git("rev-parse", "HEAD^").strip()
    removed = ((before, old),) if is_there is None else ()
    push = BranchPush(BRANCH, repository.commit or "", old if is_there else None, removed)
    with raises_error("PushRefused") as caught:
        push_branch(repository, remote, push, SILENT, 0)
    assert caught.value.fix.startswith(fix)


def test_line_that_is_cut_while_the_pack_is_sent_leaves_the_state_unknown(clone_of_branch: SampleProject) -> None:
    bare = clone_of_branch.root.parent / "remote.git"
    with serve_remote(bare, the_line_is_cut) as address, raises_error("PushUnknown"):
        Forge(clone_of_branch, SlowRemote(bare, bare, bare), remote_at(clone_of_branch, address)).push()


def test_push_of_which_nothing_was_sent_is_refused_at_once(clone_of_branch: SampleProject) -> None:
    """Nothing listens at port 9; the remote is not asked, for a minute, about what can't have arrived."""
    bare = clone_of_branch.root.parent / "remote.git"
    forge = Forge(
        clone_of_branch, SlowRemote(bare, bare, bare), remote_at(clone_of_branch, "http://127.0.0.1:9/remote.git")
    )
    with raises_error("PushRefused"):
        forge.push(patience=60)
    assert forge.texts == []


def test_fix_for_a_mirror_names_its_setting_and_works(clone: SampleProject) -> None:
    clone.git("remote", "add", "co$py", "../remote.git")
    clone.git("config", "remote.co$py.mirror", "true")
    repository, upstream = read_repository(clone.root), Upstream("co$py", "refs/heads/main")
    with pytest.raises(ReleaseError) as raised:
        try_push(repository, upstream)
    assert str(raised.value.fix) == "push branches alone, not all refs: git config --unset 'remote.co$py.mirror'"
    clone.run(*shlex.split(str(raised.value.fix).partition(": ")[2]))
    try_push(repository, upstream)


AGAIN = Command("release", "--version", "1.3.0")


@pytest.mark.parametrize("refused", ["refs/heads/main", "refs/tags/v1.3.0"])
def test_remote_that_refuses_the_branch_or_the_tag_gets_neither(
    clone_of_branch: SampleProject, tmp_path: Path, refused: str
) -> None:
    """Such as a protected tag: the other one must not be there then."""
    hook = clone_of_branch.root.parent / "remote.git/hooks/update"
    hook.write_text(f'#!/bin/sh\n[ "$1" != {refused} ]\n')
    hook.chmod(0o755)
    commit = clone_of_branch.git("rev-parse", "HEAD").strip()
    before = clone_of_branch.git("ls-remote", "origin")
    push = AtomicPush(Upstream("origin", "refs/heads/main"), commit, "v1.3.0", commit)
    with pytest.raises(PushRefused) as raised:
        complete_push(read_repository(clone_of_branch.root), push, tmp_path / "trace", SILENT, 0, AGAIN)
    assert raised.value.fix == "do what the remote's hook asks for"
    assert clone_of_branch.git("ls-remote", "origin") == before


@pytest.mark.parametrize(
    ("hidden", "taken", "ref", "fix"),
    [
        (
            "refs/tags",
            "main",
            "refs/heads/main",
            f"let origin accept the tag; then git pull --ff-only, and release the same version: {AGAIN}",
        ),
        (
            "refs/heads/main",
            "v1.3.0",
            "refs/tags/v1.3.0",
            (
                "let origin accept the branch, then: git fetch origin tag v1.3.0 && "
                "git push origin 'v1.3.0^{commit}:refs/heads/main' && git pull --ff-only"
            ),
        ),
    ],
)
def test_remote_that_takes_one_ref_without_the_other_is_reported_so(
    clone_of_branch: SampleProject, tmp_path: Path, hidden: str, taken: str, ref: str, fix: str
) -> None:
    """The hooks of a remote do not see the refs that it hides, and its other refs move."""
    bare = clone_of_branch.root.parent / "remote.git"
    clone_of_branch.git("-C", str(bare), "config", "receive.hideRefs", hidden)
    listed = clone_of_branch.git("ls-remote", "origin", "refs/*").splitlines()
    before = {name: oid for oid, name in (line.split("\t") for line in listed)}
    commit = clone_of_branch.git("rev-parse", "HEAD").strip()
    push = AtomicPush(Upstream("origin", "refs/heads/main"), commit, "v1.3.0", commit)
    with pytest.raises(PushRefused) as raised:
        complete_push(read_repository(clone_of_branch.root), push, tmp_path / "trace", SILENT, 0, AGAIN)
    rows = (line.split("\t") for line in clone_of_branch.git("ls-remote", "origin", "refs/*").splitlines())
    assert {name: oid for oid, name in rows} == {**before, ref: commit}
    assert raised.value.what.startswith(f"origin took {taken} alone, although the push was atomic:\n")
    assert raised.value.fix == fix
    clone_of_branch.git("-C", str(bare), "config", "--unset", "receive.hideRefs")
    for command in fix.partition("then: ")[2].split(" && ") if taken != "main" else ():
        clone_of_branch.run(*shlex.split(command))
    rows = (line.split("\t") for line in clone_of_branch.git("ls-remote", "origin", "refs/*").splitlines())
    moved = {ref: commit} if taken == "main" else {"refs/heads/main": commit, "refs/tags/v1.3.0": commit}
    assert {name: oid for oid, name in rows} == {**before, **moved}
