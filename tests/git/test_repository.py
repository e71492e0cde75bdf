"""A git repository and its remote."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from preflight_in_process import enter
from seatrial import process
from seatrial.errors import CommandFailed, ReleaseError
from seatrial.git.command import Git, listed_files
from seatrial.git.push import AtomicPush
from seatrial.git.repository import (
    BranchStatus,
    Remote,
    Upstream,
    find_branch,
    object_of_tag,
    page_of_runs,
    read_branch_status,
    read_remote,
    read_repository,
    uncommitted_files,
)
from seatrial.git.scratch import Scratch
from seatrial.release.preconditions import (
    Preconditions,
    PushTarget,
    check_preconditions,
    remote_reasons,
    require_branch,
    shallow_clone_error,
)
from seatrial.release.push import ReleasePush, update_checkout
from seatrial.release.scratch_clone import scratch_clone
from seatrial.workflows.generate import forge_of_remote

if TYPE_CHECKING:
    from sample_project import SampleProject


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/actions"),
        ("https://user:secret@github.com/o/r", "https://github.com/o/r/actions"),
        ("git@github.com:o/r.git", "https://github.com/o/r/actions"),
        ("ssh://git@github.com:22/o/r.git", "https://github.com/o/r/actions"),
        ("git@gitlab.com:group/sub/r.git", "https://gitlab.com/group/sub/r/-/pipelines"),
        ("https://codeberg.org/o/r/", "https://codeberg.org/o/r/actions"),
        ("https://example.invalid/o/r", None),
        ("/srv/git/r.git", None),
        ("../r.git", None),
        ("C:\\git\\r", None),
    ],
)
def test_forge_shows_its_runs_on_a_page(address: str, page: str | None) -> None:
    assert page_of_runs(address) == page


@pytest.fixture
def clone(project: SampleProject) -> SampleProject:
    """Return a repository with one commit."""
    project.git("init", "-q", "-b", "main")
    project.write({"pyproject.toml": '[project]\nname = "tidepool"\nversion = "1.2.3"\n'})
    project.commit()
    return project


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({}, {"NoRemote"}),
        ({"remote.pushDefault": "origin"}, {"NoRemote"}),
        ({"remote.origin.prune": "true"}, {"NoRemote"}),
        ({"remotes.all": "origin"}, {"NoRemote"}),
        ({"remote.pushDefault": "origin", "remote.origin.url": "../remote.git"}, {"NoUpstream"}),
        ({"branch.main.remote": "gone", "branch.main.merge": "refs/heads/main"}, {"NoRemote"}),
        (
            {
                "remote.origin.url": "../remote.git",
                "branch.main.remote": "https://example.invalid/r.git",
                "branch.main.merge": "refs/heads/main",
            },
            {"NoUpstream"},
        ),
        ({"remote.-x.url": "../remote.git"}, {"NoRemote"}),
        (
            {
                "remote.origin.url": "../remote.git",
                "branch.main.remote": ".",
                "branch.main.merge": "refs/heads/topic",
            },
            {"NoUpstream"},
        ),
    ],
)
def test_branch_without_a_remote_branch_is_named(
    clone: SampleProject, settings: dict[str, str], codes: set[str]
) -> None:
    for name, value in settings.items():
        clone.git("config", name, value)
    reasons = check_preconditions(read_repository(clone.root)).reasons
    assert {reason.code for reason in reasons} - {"NoIdentity"} == codes
    assert all(isinstance(reason, ReleaseError) and reason.fix for reason in reasons)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, None),
        ({"GIT_AUTHOR_DATE": "", "GIT_COMMITTER_DATE": "@0 +0000"}, None),
        ({"GIT_COMMITTER_DATE": "yesterday-ish"}, "GIT_COMMITTER_DATE=yesterday-ish"),
        ({"GIT_AUTHOR_DATE": "not a date"}, "GIT_AUTHOR_DATE='not a date'"),
        ({"GIT_COMMITTER_DATE": "2200-01-01T00:00:00"}, "GIT_COMMITTER_DATE=2200-01-01T00:00:00"),
        ({"GIT_AUTHOR_NAME": " . "}, "GIT_AUTHOR_NAME=' . '"),
        ({"GIT_COMMITTER_EMAIL": ""}, "GIT_COMMITTER_EMAIL=''"),
        ({"GIT_AUTHOR_NAME": "", "GIT_AUTHOR_EMAIL": ""}, "GIT_AUTHOR_NAME='' GIT_AUTHOR_EMAIL=''"),
        ({"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": None, "GIT_COMMITTER_EMAIL": None}, "user.name and user.email"),
    ],
)
def test_identity_that_no_commit_can_have_is_named_before_a_commit_is_made(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str | None], message: str | None
) -> None:
    """A scratch clone is made in each case: what else the release lacks is reported with it."""
    enter(clone, monkeypatch)
    clone.git("config", "user.email", "")
    for name, value in variables.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    repository = read_repository(clone.root)
    reasons = [reason for reason in check_preconditions(repository).reasons if reason.code == "NoIdentity"]
    assert [message in str(reason) for reason in reasons if message] == [True] * bool(message)
    assert repository.commit
    Scratch.make(repository, repository.commit, clone.root.parent / "scratch")


def test_index_that_another_git_holds_is_reported_before_a_release_and_after_it(clone: SampleProject) -> None:
    """Stashing, as for changes that are in the way, would fail too."""
    clone.git("commit", "-q", "--allow-empty", "-m", "Release")
    commit = clone.git("rev-parse", "HEAD").strip()
    clone.git("reset", "-q", "--hard", "HEAD~1")
    lock = clone.root / ".git/index.lock"
    lock.write_text("")
    repository = read_repository(clone.root)
    reason = next(reason for reason in check_preconditions(repository).reasons if reason.code == "MergeUnderWay")
    assert str(reason.fix) == f"wait for it to end; if none runs: rm {lock}"
    push = AtomicPush(Upstream("origin", "refs/heads/main"), commit, "v1.3.0", commit)
    with raises_error("CheckoutNotUpdated") as caught:
        update_checkout(repository, ReleasePush(push, "main"))
    assert str(caught.value.fix).startswith("do what git asks for, then: ")


def test_path_with_a_line_end_is_refused(project: SampleProject) -> None:
    folder = project.root / "two\nlines"
    project.git("init", "-q", str(folder))
    with raises_error("NoRepository", match="has a line end"):
        read_repository(folder)


def test_branch_that_follows_another_than_the_default_is_named_with_it(clone: SampleProject) -> None:
    repository = read_repository(clone.root)
    target, remote = PushTarget("main", Upstream("origin", "refs/heads/next")), Remote("origin", (), "origin", "main")
    with raises_error("WrongBranch") as raised:
        require_branch(Preconditions(repository, "c" * 40, target, remote, BranchStatus(0, 0)), None)
    assert raised.value.what == "releases are made from main, and main follows origin/next"
    assert raised.value.fix == "git branch --set-upstream-to=origin/main"


RENAMED = "git fetch origin && git branch --set-upstream-to=origin/trunk\nor, if it was deleted: "


@pytest.mark.parametrize(
    ("branch", "default", "fix"),
    [
        ("main", "trunk", f"{RENAMED}git push origin main:main"),
        ("topic", "trunk", "git switch trunk\nor, to release from main: git push origin main:topic"),
        ("topic", "topic", "git push origin main:topic"),
        ("main", None, "git push origin main:main"),
    ],
)
def test_branch_that_the_remote_lacks_was_renamed_or_deleted(
    clone: SampleProject, branch: str, default: str | None, fix: str
) -> None:
    repository, target = read_repository(clone.root), PushTarget("main", Upstream("origin", f"refs/heads/{branch}"))
    remote = Remote("origin", ("a",), "origin", default)
    (reason,) = remote_reasons(repository, target, remote, BranchStatus(0, 0))
    assert reason.what == f"origin has no branch {branch}, which main follows"
    assert reason.fix == fix


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url.git@github.com:.insteadOf": "gh:"},
        {"url.git@github.com:.insteadOf": "gh:", "url.https://example.invalid/.insteadOf": "gh:a"},
        {"url.git@github.com:.pushInsteadOf": "gh:"},
        {"url.git@github.com:.insteadOf": "other:"},
        {"url.git@github.com:acme/.insteadOf": "gh:acme/", "url.https://x.invalid/.insteadOf": "g"},
    ],
    ids=" ".join,
)
def test_address_of_a_remote_is_the_one_that_git_uses(clone: SampleProject, settings: dict[str, str]) -> None:
    clone.git("remote", "add", "origin", "gh:acme/tidepool.git")
    clone.git("remote", "add", "other", "https://example.invalid/r.git")
    for name, value in settings.items():
        clone.git("config", name, value)
    addresses = [clone.git("remote", "get-url", name).strip() for name in ("origin", "other")]
    assert list(read_repository(clone.root).addresses) == addresses


def test_forge_of_a_remote_is_also_looked_for_in_the_address_that_git_replaces(clone: SampleProject) -> None:
    """A mirror in ``url.BASE.insteadOf`` made `new --remote` and `init` write no workflows."""
    clone.git("remote", "add", "origin", "https://github.com/acme/tidepool.git")
    clone.git("config", "url./srv/mirror/.insteadOf", "https://github.com/")
    repository = read_repository(clone.root)
    assert repository.addresses == ("/srv/mirror/acme/tidepool.git",)
    assert forge_of_remote(repository) == ("github", "github.com")
    clone.git("remote", "add", "fork", "https://github.com/me/tidepool.git")
    clone.git("config", "branch.main.remote", "fork")
    clone.git("config", "branch.main.merge", "refs/heads/main")
    written = read_repository(clone.root).forge_addresses[2:]
    assert written == ("https://github.com/me/tidepool.git", "https://github.com/acme/tidepool.git")


def test_commands_that_complete_a_clone_do(clone: SampleProject) -> None:
    clone.git("init", "-q", "--bare", "-b", "main", "../upstream.git")
    clone.git("push", "-q", "../upstream.git", "main")
    clone.git("-C", "../upstream.git", "config", "uploadpack.allowFilter", "true")
    upstream = (clone.root.parent / "upstream.git").as_uri()
    for option in ("--depth=1", "--filter=blob:none"):
        folder = clone.root.parent / f"clone{option}"
        clone.git("clone", "-q", option, upstream, str(folder))
        repository = read_repository(folder)
        assert repository.is_cut_off
        fix = str(shallow_clone_error(repository).fix)
        if repository.is_shallow:
            # One commit is the whole history.
            (folder / ".git/shallow").unlink()
        else:
            for command in fix.split(" && "):
                clone.git("-C", str(folder), *command.split()[1:])
        assert not read_repository(folder).is_cut_off
        assert "?" not in clone.git("-C", str(folder), "rev-list", "--objects", "--all", "--missing=print")


def test_branch_is_compared_at_the_address_that_a_push_goes_to(clone: SampleProject) -> None:
    """Another one, which git fetches from, may lag behind."""
    for name in ("push.git", "fetch.git"):
        clone.git("init", "-q", "--bare", "-b", "main", f"../{name}")
        clone.git("push", "-q", f"../{name}", "main")
    clone.git("remote", "add", "origin", "../fetch.git")
    clone.git("fetch", "-q", "origin")
    clone.git("branch", "-q", "--set-upstream-to", "origin/main")
    clone.git("config", "remote.origin.pushurl", "../push.git")
    clone.git("clone", "-q", "../push.git", "../other")
    clone.git("-C", "../other", "commit", "-q", "--allow-empty", "-m", "Theirs")
    clone.git("-C", "../other", "push", "-q")
    repository = read_repository(clone.root)
    assert repository.upstream is not None
    status = read_branch_status(repository, repository.upstream, read_remote(repository, repository.upstream))
    assert (status.ahead, status.behind) == (0, 1)
    (reason,) = (each for each in check_preconditions(repository).reasons if each.code != "NoIdentity")
    assert (reason.code, reason.fix) == ("BranchBehind", "git pull --ff-only ../push.git main, then release again")


def test_branch_is_no_tag_of_its_name(clone: SampleProject) -> None:
    repository = read_repository(clone.root)
    assert find_branch(repository, "main") == "refs/heads/main"
    assert find_branch(repository, "origin/main") is None
    clone.git("tag", "origin/main")
    clone.git("tag", "topic")
    assert (find_branch(repository, "origin/main"), find_branch(repository, "topic")) == (None, None)
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert find_branch(repository, "origin/main") == "refs/remotes/origin/main"
    assert find_branch(repository, "refs/remotes/origin/main") == "refs/remotes/origin/main"


def test_two_scratch_clones_of_one_path_are_apart(clone: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers with the same path may share the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(clone.root.parent / "cache"))
    repository = read_repository(clone.root)
    assert repository.commit
    with scratch_clone(repository, repository.commit) as first:
        with scratch_clone(repository, repository.commit) as second:
            assert first.root != second.root
            assert second.root.name == first.root.name == clone.root.name
        assert (first.root / "pyproject.toml").is_file()
        assert not second.root.exists()
    assert list((clone.root.parent / "cache/seatrial/scratch").iterdir()) == []


def test_file_of_a_commit_that_cannot_be_read_is_named_as_the_one_of_the_checkout(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release reads it in its scratch clone, which is removed before the message is read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(clone.root.parent / "cache"))
    (clone.root / "CHANGELOG.md").symlink_to("CHANGELOG.md")
    clone.write({"LICENSE/MIT.txt": ""})
    clone.commit()
    repository = read_repository(clone.root)
    assert repository.commit
    for name in ("CHANGELOG.md", "LICENSE", "pyproject.toml/x"):
        with (
            pytest.raises(OSError, match=r"Too many levels|Is a directory|Not a directory") as raised,
            scratch_clone(repository, repository.commit) as scratch,
        ):
            (scratch.project / name).read_text()
        assert raised.value.filename == str(clone.root / name)
    with pytest.raises(FileNotFoundError) as missing, scratch_clone(repository, repository.commit) as scratch:
        (scratch.project / "gone").read_text()
    assert missing.value.filename == str(scratch.project / "gone")


def test_tag_is_not_a_branch_with_its_whole_name(clone: SampleProject) -> None:
    clone.git("branch", "refs/tags/v1.2.3")
    repository = read_repository(clone.root)
    assert object_of_tag(repository, "v1.2.3") is None
    clone.git("tag", "v1.2.3")
    assert object_of_tag(repository, "v1.2.3") == repository.commit


def nested(clone: SampleProject) -> None:
    """Give a repository a submodule that has one itself."""
    allow = ("-c", "protocol.file.allow=always")
    for name, below in (("inner", None), ("outer", "inner")):
        clone.git("init", "-q", "-b", "main", f"../{name}")
        top = clone.root.parent / name
        (top / f"{name}.txt").write_text(f"{name}\n")
        if below:
            clone.git("-C", f"../{name}", *allow, "submodule", "add", "-q", str(top.parent / below), "deep")
        clone.git("-C", f"../{name}", "add", "-A")
        clone.git("-C", f"../{name}", "commit", "-q", "-m", name)
    clone.git(*allow, "submodule", "add", "-q", str(clone.root.parent / "outer"), "vendor/outer")
    clone.git(*allow, "submodule", "update", "-q", "--init", "--recursive")
    clone.commit("Add a submodule")


def in_scratch(clone: SampleProject, monkeypatch: pytest.MonkeyPatch, **environ: str) -> dict[str, bytes]:
    """Return the files that are built, by their paths."""
    cache = {"XDG_CACHE_HOME": str(clone.root.parent / "cache")}
    for name, value in {**clone.environ, **cache, **environ}.items():
        monkeypatch.setenv(name, value)
    repository = read_repository(clone.root)
    assert repository.commit
    with scratch_clone(repository, repository.commit) as scratch:
        scratch.check_out_for_build()
        files = (path for path in scratch.root.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {path.relative_to(scratch.root).as_posix(): path.read_bytes() for path in files}


def test_submodules_of_submodules_are_built_too(clone: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    nested(clone)
    files = in_scratch(clone, monkeypatch)
    assert (files["vendor/outer/outer.txt"], files["vendor/outer/deep/inner.txt"]) == (b"outer\n", b"inner\n")


def write_hook(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("hook", ["post-checkout", "reference-transaction", "post-index-change"])
@pytest.mark.parametrize("is_global", [False, True])
def test_no_hook_changes_what_is_built(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch, hook: str, *, is_global: bool
) -> None:
    before = in_scratch(clone, monkeypatch)
    hooks = clone.root.parent / "hooks" if is_global else clone.root / ".git/hooks"
    write_hook(hooks, hook, "echo changed >> pyproject.toml; echo new > extra.txt")
    if is_global:
        clone.git("config", "core.hooksPath", str(hooks))
    assert in_scratch(clone, monkeypatch) == before


def test_files_are_built_as_they_are_committed(clone: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Line ends, filters and attributes of this machine are not CI's."""
    clone.write({"unix.txt": "a\nb\n", ".gitattributes": "*.dos text eol=crlf\n*.up filter=up\n", "x.dos": "a\nb\n"})
    clone.write({"x.up": "a\n"})
    clone.commit()
    before = in_scratch(clone, monkeypatch)
    assert (before["unix.txt"], before["x.dos"], before["x.up"]) == (b"a\nb\n", b"a\r\nb\r\n", b"a\n")
    clone.write({".git/info/attributes": "*.txt eol=crlf\n", "../attributes": "*.txt text eol=crlf\n"})
    settings = {
        "core.autocrlf": "true",
        "core.eol": "crlf",
        "core.attributesFile": str(clone.root.parent / "attributes"),
        "filter.up.smudge": "tr a-z A-Z",
        "filter.up.clean": "tr A-Z a-z",
        "filter.up.required": "true",
    }
    own = clone.root.parent / "gitconfig"
    for name, value in settings.items():
        clone.git("config", name, value)
        clone.git("config", "--file", str(own), name, value)
    assert in_scratch(clone, monkeypatch, GIT_CONFIG_GLOBAL=str(own)) == before


def test_line_ends_that_git_would_store_otherwise_are_built_as_they_are_committed(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write({"dos.txt": "a\r\nb\r\n"})
    clone.commit()
    clone.write({".gitattributes": "*.txt text eol=lf\n"})
    clone.git("add", ".gitattributes")
    clone.git("commit", "-q", "-m", "Attributes alone")
    assert in_scratch(clone, monkeypatch)["dos.txt"] == b"a\r\nb\r\n"


def test_files_that_are_not_those_of_the_commit_are_not_built(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write({"one.bin": "a\n", "two.bin": "b\n", ".gitattributes": "*.bin filter=lfs\n"})
    clone.commit()
    clone.git("config", "filter.lfs.smudge", "tr a A")
    clone.git("config", "filter.lfs.clean", "cat")
    with raises_error("TreeDiffers") as caught:
        in_scratch(clone, monkeypatch)
    assert caught.value.what == "the files to build are not those of the commit: one.bin"


def test_configuration_that_git_cannot_read_is_not_taken_for_a_missing_repository(clone: SampleProject) -> None:
    clone.write({".git/config": "[core\n"})
    with raises_error("NoRepository") as caught:
        read_repository(clone.root)
    assert caught.value.what.startswith(f"git can't read the repository of {clone.root}: fatal: bad config line 1")
    assert caught.value.fix == "correct what git reports"


OBJECT_FIX = "see what is broken: git fsck --full; then clone the repository anew, and take your changes along"
INDEX_FIX = 'have git make its index anew: rm "$(git rev-parse --git-path index)" && git reset'


@pytest.mark.parametrize(
    ("broken", "content", "fix"),
    [
        ("HEAD", "", OBJECT_FIX),
        ("HEAD", "garbage", OBJECT_FIX),
        ("HEAD^{tree}", "", OBJECT_FIX),
        ("HEAD^{tree}", None, OBJECT_FIX),
        ("index", "", INDEX_FIX),
        ("index", "garbage", INDEX_FIX),
    ],
)
def test_broken_object_is_reported_with_what_to_do(
    clone: SampleProject, broken: str, content: str | None, fix: str
) -> None:
    name = clone.git("rev-parse", broken).strip() if broken != "index" else ""
    path = clone.root / ".git" / (f"objects/{name[:2]}/{name[2:]}" if name else broken)
    path.unlink()
    if content is not None:
        path.write_text(content)
    with raises_error("NoRepository") as caught:
        read_repository(clone.root)
    assert caught.value.fix == fix


def test_command_that_makes_the_index_anew_works_in_every_folder(clone: SampleProject) -> None:
    clone.write({"below/a.txt": "a\n"})
    clone.commit()
    clone.git("worktree", "add", "--quiet", "../other")
    other = clone.root.parent / "other"
    index = Path(clone.git("-C", str(other), "rev-parse", "--absolute-git-dir").strip(), "index")
    index.write_text("garbage")
    command = INDEX_FIX.partition(": ")[2]
    ran = process.attempt(("sh", "-c", command), cwd=other / "below", env=process.user_environment())
    assert (ran.returncode, clone.git("-C", str(other), "status", "--porcelain")) == (0, "")


def test_words_of_a_hook_are_not_taken_for_a_broken_repository(clone: SampleProject) -> None:
    texts = (
        "error: changelog.d is empty",
        "uv.lock hash mismatch",
        "error: hash mismatch of uv.lock",
        "bad object store",
        "error: bad signature",
        "tox: bad index",
        "missing commit message",
        "error: the archive is corrupt",
    )
    hook = clone.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n" + "".join(f"echo '{text}' >&2\n" for text in texts) + "exit 1\n")
    hook.chmod(0o755)
    with pytest.raises(CommandFailed) as caught:
        Git(clone.root).run("commit", "--allow-empty", "-m", "x")
    assert (caught.value.output.splitlines(), caught.value.fix) == (list(texts), "")


def test_filter_whose_program_is_missing_is_reported_with_what_to_run(clone: SampleProject) -> None:
    """Such as git-lfs, with which git can't compare a file."""
    clone.write({"one.bin": "a\n", ".gitattributes": "*.bin filter=large\n"})
    clone.commit()
    clone.git("config", "filter.large.process", "git-large-files filter-process")
    clone.git("config", "filter.large.required", "true")
    clone.write({"one.bin": "b\n"})
    with raises_error("NoRepository") as caught:
        read_repository(clone.root)
    assert caught.value.what.startswith(f"git can't read the repository of {clone.root}:\n")
    assert "git-large-files" in caught.value.what
    assert caught.value.fix == "correct what git reports: git status"


def test_repository_of_another_user_has_the_command_for_its_top(
    clone: SampleProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write({"packages/it's/pyproject.toml": "[project]\n"})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    folder = clone.root / "packages/it's"
    with raises_error("NoRepository") as caught:
        read_repository(folder)
    command = f"git config --global --add safe.directory {clone.root}"
    assert caught.value.fix == command
    with pytest.raises(CommandFailed) as raised:
        listed_files(folder)
    assert raised.value.fix == command


def test_folder_without_a_repository_is_named_with_the_way_to_one(tmp_path: Path) -> None:
    with raises_error("NoRepository") as caught:
        read_repository(tmp_path)
    assert caught.value.what.startswith(f"{tmp_path} is not in a git repository: fatal: not a git repository")
    assert caught.value.fix == "git init, commit, and git remote add origin ADDRESS"


ALL = (
    ".github/ci.yml",
    "lone.py",
    "packages/bar/b.py",
    "packages/foo/a.py",
    "packages/foo/tests/data/setup.py",
    "x/y.py",
)
"""Files of the repository, those of the packages next to a pyproject.toml."""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (".", (*ALL, "packages/new/")),
        ("packages/foo", (ALL[0], ALL[1], ALL[3], ALL[4], ALL[5])),
        ("packages/bar", (ALL[0], ALL[1], ALL[2], ALL[5])),
    ],
)
def test_uncommitted_files_are_reported_except_in_other_packages(
    project: SampleProject, folder: str, expected: tuple[str, ...]
) -> None:
    project.git("init", "-q")
    packages = [f"{name}pyproject.toml" for name in ("", "packages/foo/", "packages/bar/")]
    project.write(dict.fromkeys((*ALL, *packages), ""))
    project.commit()
    project.write(dict.fromkeys(ALL, "unfinished"))
    project.write({"packages/new/setup.py": "", "packages/new/new.py": ""})
    assert uncommitted_files(read_repository(project.root / folder)) == expected


@pytest.mark.parametrize("folder", [".", "packages/foo"])
def test_what_builds_and_test_runs_leave_behind_is_not_reported(project: SampleProject, folder: str) -> None:
    """Without any configuration, setuptools leaves NAME.egg-info in the tree, and a project need not ignore it."""
    project.git("init", "-q")
    project.write({f"{folder}/pyproject.toml": "", f"{folder}/src/foo/__init__.py": ""})
    project.commit()
    names = (
        "foo.egg-info/PKG-INFO",
        "src/foo.egg-info/PKG-INFO",
        "src/foo/__pycache__/a.pyc",
        ".coverage",
        "coverage.xml",
        "htmlcov/index.html",
        ".hypothesis/x",
        ".nox/x",
        ".eggs/x",
        "_skbuild/x",
        "wheelhouse/x.whl",
        "foo-1.dist-info/METADATA",
        "build/lib/foo.py",
        "dist/foo-1.tar.gz",
    )
    project.write({f"{folder}/{name}": "" for name in names})
    assert uncommitted_files(read_repository(project.root / folder)) == ()
    project.write({f"{folder}/src/build/new.py": "", f"{folder}/src/nox/a.py": ""})
    assert [PurePosixPath(name).name for name in uncommitted_files(read_repository(project.root / folder))] == [
        "build",
        "nox",
    ]


def test_change_of_a_byproduct_that_git_tracks_is_reported(project: SampleProject) -> None:
    project.git("init", "-q")
    project.write({"pyproject.toml": "", "foo.egg-info/PKG-INFO": ""})
    project.commit()
    project.write({"foo.egg-info/PKG-INFO": "changed"})
    assert uncommitted_files(read_repository(project.root)) == ("foo.egg-info/PKG-INFO",)
