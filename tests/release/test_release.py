"""A release happens whole or not at all, with real git and a real remote."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Callable

import pytest

from harbour import TOWNCRIER, Harbour, all_of_it_happened, scratches
from preloaded import IN_A_SESSION
from trial import Trial, lines, normalised
from troubles import (
    begin_a_merge,
    branch_off,
    configure_a_file_without_the_version,
    cut_the_history_off,
    detach,
    diverge,
    fall_behind,
    lack_the_tags,
    lose_the_network,
    lose_the_remote,
    lose_the_upstream,
    misname_a_fragment,
    name_another_version,
    pin_a_dependency_to_the_same_number,
    push_to_two,
    refuse_before_the_push,
    refuse_in_a_hook,
    refuse_on_the_remote,
    rewrite_the_version_in_a_hook,
    tag_a_newer_release,
    tag_here,
    tag_there,
    take_the_marker_away,
    use_up_the_fragments,
    write_a_fragment_in_latin1,
    write_latin1,
    write_the_entry_by_hand,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
READ = "read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#"


def refused(port: Harbour, *args: str, **environ: str) -> str:
    """Release, which has to fail without a traceback and without a trace, and return what it said."""
    before = port.state()
    ran = port.release(*args, **environ)
    assert ran.returncode not in (0, 1), ran.output
    assert not ran.was_a_traceback, ran.output
    assert port.state() == before
    return normalised(ran.output, root=port.trial.root, remote=port.remote.root)


def test_plan_is_shown_before_it_is_carried_out(port: Harbour) -> None:
    port.trial.write({"notes.txt": "mine\n", ".github/workflows/release.yml": "on:\n  push:\n    tags: ['v*']\n"})
    port.trial.git("add", ".github")
    port.trial.git("commit", "-q", "-m", "Publish from CI")
    ran = port.release("--part", "auto", "--yes")
    assert ran.returncode == 0, ran.output
    told = re.sub(r"(?m)^seatrial > (?!building).*\n", "", ran.output)
    shown = normalised(told.partition("seatrial > building")[0], remote=port.remote.root)
    assert re.sub(r"index \w+\.\.\w+", "index …", shown) == lines(
        """
        tidepool 1.2.3 → 1.3.0

          diff --git a/CHANGELOG.md b/CHANGELOG.md
          index … 100644
          --- a/CHANGELOG.md
          +++ b/CHANGELOG.md
          @@ -4,6 +4,17 @@ All of it.

           <!-- towncrier release notes start -->

          +## 1.3.0
          +
          +### Features
          +
          +- Tides rise. (#1)
          +
          +### Bugfixes
          +
          +- Tides fall.
          +
          +
           ## 1.2.3

           Old.
          diff --git a/pyproject.toml b/pyproject.toml
          index … 100644
          --- a/pyproject.toml
          +++ b/pyproject.toml
          @@ -4,7 +4,7 @@ build-backend = "uv_build"

           [project]
           name = "tidepool"
          -version = "1.2.3"
          +version = "1.3.0"
           description = "A small package"
           readme = "README.md"
           requires-python = ">=3.9"
          diff --git a/src/tidepool/__init__.py b/src/tidepool/__init__.py
          index … 100644
          --- a/src/tidepool/__init__.py
          +++ b/src/tidepool/__init__.py
          @@ -1,6 +1,6 @@
           \"""A small package.\"""

          -__version__ = "1.2.3"
          +__version__ = "1.3.0"


           def depth(level: int) -> int:

        commit   Release 1.3.0
        removes  changelog.d/+fall.bugfix.md, changelog.d/1.feature.md
        tag      v1.3.0
        push     main and v1.3.0 to origin (../remote.git), both or neither
        CI       .github/workflows/release.yml listens to tags
        also     1 commits that origin does not have yet
        not in   what is unfinished in the checkout: notes.txt
        """
    )


def test_dry_run_shows_what_would_go_out_and_leaves_nothing(port: Harbour) -> None:
    before = port.state()
    ran = port.release("--part", "minor", "--dry-run")
    assert ran.returncode == 0, ran.output
    assert port.state() == before
    end = re.sub(r"[0-9a-f]{64}", "{sha256}", ran.output.partition("tests were left out (--no-tests)\n")[2])
    assert re.sub(r"commit [0-9a-f]{40}|[\d,]+ bytes", "…", end) == (
        "…\nAuthor: A. Author <author@example.invalid>\nDate:   Thu Feb 29 12:00:00 2024 +0000\n\n    Release 1.3.0\n\n"
        " CHANGELOG.md                | 11 +++++++++++\n"
        " changelog.d/+fall.bugfix.md |  1 -\n"
        " changelog.d/1.feature.md    |  1 -\n"
        " pyproject.toml              |  2 +-\n"
        " src/tidepool/__init__.py    |  2 +-\n"
        " 5 files changed, 13 insertions(+), 4 deletions(-)\n\n"
        "tag v1.3.0\n\n"
        "tidepool-1.3.0.tar.gz  …  sha256 {sha256}\n"
        "tidepool-1.3.0-py3-none-any.whl  …  sha256 {sha256}\n\n"
        "Nothing was pushed, and nothing is left.\n"
    )


def test_version_from_the_tag_gets_a_tag_and_no_edit(hatchling_port: Harbour) -> None:
    port = hatchling_port
    pyproject = port.read("pyproject.toml").replace('["hatchling"]', '["hatchling", "hatch-vcs"]')
    pyproject = pyproject.replace('version = "1.2.3"', 'dynamic = ["version"]').replace(TOWNCRIER, "")
    port.trial.write({"pyproject.toml": pyproject + '\n[tool.hatch.version]\nsource = "vcs"\n'})
    port.trial.commit("Take the version from the tag")
    port.trial.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    head = port.trial.git("rev-parse", "HEAD")
    port.trial.git("commit", "-q", "--allow-empty", "-m", "Later")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert "tidepool-1.3.0-py3-none-any.whl" in ran.output
    assert port.remote.git("rev-parse", "v1.3.0^{commit}~1") == head


def test_files_keep_their_line_ends(port: Harbour) -> None:
    names = ("pyproject.toml", "CHANGELOG.md", "src/tidepool/__init__.py")
    for name in names:
        path = port.trial.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    port.trial.commit("Come from Windows")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    for name in names:
        content = (port.trial.root / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n"), name


def test_unfinished_work_survives_and_is_not_in_it(port: Harbour) -> None:
    port.trial.write({"staged.txt": "staged\n", "src/tidepool/more.py": "MORE = 1\n", "untracked.txt": "untracked\n"})
    port.trial.git("add", "staged.txt", "src/tidepool/more.py")
    port.trial.write({"src/tidepool/more.py": "MORE = 2\n", "README.md": "# edited\n"})
    kept = {name: port.read(name) for name in ("staged.txt", "src/tidepool/more.py", "untracked.txt", "README.md")}
    staged = port.trial.git("diff", "--cached")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    all_of_it_happened(port)
    assert {name: port.read(name) for name in kept} == kept
    assert port.trial.git("diff", "--cached") == staged
    assert not {"staged.txt", "src/tidepool/more.py", "untracked.txt"} & set(
        port.remote.git("ls-tree", "-r", "--name-only", "main").split()
    )


def test_unfinished_work_in_a_file_of_the_release_is_left_alone(port: Harbour) -> None:
    port.trial.write({"CHANGELOG.md": port.read("CHANGELOG.md") + "Mine.\n"})
    before = port.state()
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 5, ran.output
    assert "git stash --include-untracked, then: invoke release, which catches up, then: git stash pop" in ran.output
    after = port.state()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert port.remote.git("rev-parse", "v1.3.0^{commit}") == port.remote.git("rev-parse", "main")
    port.trial.git("checkout", "-q", "CHANGELOG.md")
    assert port.release("--part", "minor", "--yes").returncode == 0
    all_of_it_happened(port)


def test_hook_that_rewrites_files_is_given_a_second_try(port: Harbour) -> None:
    hook = port.trial.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\ngrep -q tidied CHANGELOG.md && exit 0\necho tidied >> CHANGELOG.md\nexit 1\n")
    hook.chmod(0o755)
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert port.show("CHANGELOG.md").endswith("tidied\n")
    all_of_it_happened(port)


def test_commit_and_tag_are_signed_where_the_users_are(port: Harbour) -> None:
    key = port.trial.root.parent / "key"
    port.trial.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    signers = port.trial.root.parent / "signers"
    signers.write_text(f"author@example.invalid {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key)),
        ("commit.gpgsign", "true"),
        ("tag.gpgsign", "true"),
        ("gpg.ssh.allowedSignersFile", str(signers)),
    ):
        port.trial.git("config", name, value)
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert 'Good "git" signature' in port.trial.git("verify-commit", "-v", "HEAD")
    assert 'Good "git" signature' in port.trial.git("verify-tag", "-v", "v1.3.0")
    key.unlink()
    port.trial.invoke("news", "bugfix", "More.")
    port.trial.git("add", "-A")
    port.trial.git("-c", "commit.gpgsign=false", "commit", "-q", "-m", "More")
    assert f"{READ}signingfailed\n" in refused(port, "--part", "patch", "--yes")


SITUATIONS: list[tuple[Callable[[Harbour], None] | None, tuple[str, ...], str]] = [
    (
        detach,
        (),
        f"""
        seatrial: no branch is checked out, HEAD is at {{commit}}
        fix:  git switch main, or your release branch
        {READ}detachedhead
        """,
    ),
    (
        branch_off,
        (),
        f"""
        seatrial: releases are made from main, and topic is checked out
        fix:  git switch main; to release from topic:
              [tool.seatrial]
              branch = "topic"
        {READ}wrongbranch
        """,
    ),
    (
        lose_the_remote,
        (),
        f"""
        seatrial: {{root}} has no remote to push to
        fix:  git remote add origin ADDRESS
        {READ}noremote
        """,
    ),
    (
        lose_the_upstream,
        (),
        f"""
        seatrial: branch main follows no branch of a remote
        fix:  git push --set-upstream origin main
        {READ}noupstream
        """,
    ),
    (
        cut_the_history_off,
        (),
        f"""
        seatrial: {{root}} does not have the whole history, which versions and tags are read from
        fix:  git fetch --unshallow --tags; or, after a clone with --filter: git fetch --refetch
        {READ}shallowclone
        """,
    ),
    (
        fall_behind,
        (),
        f"""
        seatrial: main lacks 1 commits of origin/main
        fix:  git pull --ff-only, then release again
        {READ}branchbehind
        """,
    ),
    (
        diverge,
        (),
        f"""
        seatrial: main and origin/main went apart: 1 commits here, 1 there
        fix:  git pull --rebase, then release again
        {READ}branchdiverged
        """,
    ),
    (
        tag_here,
        (),
        f"""
        seatrial: the tag v1.3.0 is in this repository already, but not on origin
        fix:  if nobody has it: git tag -d v1.3.0; else release another version
        {READ}tagtaken
        """,
    ),
    (
        tag_there,
        (),
        f"""
        seatrial: the tag v1.3.0 is on origin already
        fix:  git fetch --tags, then release the version after it
        {READ}tagtaken
        """,
    ),
    (
        use_up_the_fragments,
        (),
        f"""
        seatrial: there is no fragment in changelog.d, so nobody would learn what is new in 1.3.0
        fix:  invoke news feature "What is new.", and commit; or release all the same: --allow-empty
        {READ}nofragments
        """,
    ),
    (
        misname_a_fragment,
        (),
        f"""
        seatrial: towncrier skips changelog.d/1.fetaure.md: no part of the name is a type
        fix:  name it ISSUE.TYPE.md or +WORD.TYPE.md, TYPE being one of feature, bugfix, doc, removal, misc, and commit:
              git mv changelog.d/1.fetaure.md changelog.d/+WORD.feature.md
              or, if it is no fragment, add it to ignore in pyproject.toml
        {READ}fragmentinvalid
        """,
    ),
    (
        take_the_marker_away,
        (),
        f"""
        seatrial: CHANGELOG.md does not have the line below which the entry of a release goes
        fix:  put it above the latest release in CHANGELOG.md, and commit:
              <!-- towncrier release notes start -->
        {READ}markermissing
        """,
    ),
    (
        write_latin1,
        (),
        f"""
        seatrial: CHANGELOG.md is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 3: invalid start byte
        fix:  save CHANGELOG.md in UTF-8
        {READ}filenotutf8
        """,
    ),
    (
        name_another_version,
        (),
        f"""
        seatrial: the places that name the version disagree:
            pyproject.toml: version = "1.2.3"
            src/tidepool/__init__.py: __version__ = "1.2.2"
        fix:  write the same version into all of them and commit
        {READ}versionsdisagree
        """.replace("    pyproject", "  pyproject").replace("    src", "  src"),
    ),
    (
        None,
        ("--part", "mayor"),
        f"""
        seatrial: there is no part 'mayor': there are major, minor, patch, a, b, rc, final, dev, post, auto
        fix:  invoke release --part minor
        {READ}partunknown
        """,
    ),
    (
        None,
        ("--part", "patch"),
        f"""
        seatrial: 1.2.4 raises the patch part of 1.2.3, and changelog.d/1.feature.md asks for minor
        fix:  invoke release --part minor; or all the same: --anyway
        {READ}parttoosmall
        """,
    ),
    (
        None,
        ("--version", "1.2.2"),
        f"""
        seatrial: 1.2.2 is not newer than 1.2.3, the version of tidepool
        fix:  invoke release --part minor
        {READ}versionnotnewer
        """,
    ),
    (
        None,
        ("--version", "1.3.x"),
        f"""
        seatrial: '1.3.x' is no version
        fix:  write it as the specification has it: 1.5.0, 1.5.0rc1, 1.5.0.post1
        {READ}versioninvalid
        """,
    ),
    (
        None,
        ("--version", "1.3.0+local"),
        f"""
        seatrial: 1.3.0+local has a local part, which no index takes
        fix:  --version 1.3.0
        {READ}versioninvalid
        """,
    ),
    (
        None,
        ("--part", ""),
        f"""
        seatrial: which part of 1.2.3 is to be raised? minor (1.3.0), patch (1.2.4), major (2.0.0), rc (1.3.0rc1)
        fix:  invoke release --part auto
        {READ}partmissing
        """,
    ),
    (
        begin_a_merge,
        (),
        f"""
        seatrial: {{root}} is in the middle of a merge or a rebase (MERGE_HEAD)
        fix:  git merge --continue, git rebase --continue or --abort, as git status says
        {READ}mergeunderway
        """,
    ),
    (
        write_a_fragment_in_latin1,
        (),
        f"""
        seatrial: 1.feature.md is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 1: invalid start byte
        fix:  save 1.feature.md in UTF-8
        {READ}filenotutf8
        """,
    ),
    (
        configure_a_file_without_the_version,
        (),
        f"""
        seatrial: README.md does not have '1.2.3', and pyproject.toml tells bump-my-version to change that
        fix:  write the version there, or take the file out of [[tool.bumpversion.files]]
        {READ}versionnotwritten
        """,
    ),
    (
        lack_the_tags,
        (),
        f"""
        seatrial: origin has the tag v1.2.4, and {{root}} does not
        fix:  git fetch --tags
        {READ}tagsmissing
        """,
    ),
    (
        tag_a_newer_release,
        (),
        f"""
        seatrial: 1.3.0 is not newer than 5.0.0, of which v5.0.0 is the tag
        fix:  invoke release --version 5.1.0
        {READ}versionnotnewer
        """,
    ),
    (
        pin_a_dependency_to_the_same_number,
        (),
        f"""
        seatrial: bump-my-version changed more than the version in [project] of pyproject.toml: a requirement has the same number
        fix:  take pyproject.toml out of [[tool.bumpversion.files]]: its version is written anyway; or give that entry a search
        {READ}versionnotwritten
        """,
    ),
    (
        write_the_entry_by_hand,
        (),
        f"""
        seatrial: CHANGELOG.md has an entry '## 1.3.0' already
        fix:  remove that entry and commit
        {READ}entryexists
        """,
    ),
    (
        None,
        ("--part", "major", "--version", "1.3.5"),
        f"""
        seatrial: --part and --version say it twice
        fix:  --version 1.3.5 alone
        {READ}partunknown
        """,
    ),
    (
        push_to_two,
        (),
        f"""
        seatrial: a push to origin goes to 2 addresses, and can succeed at one and fail at another: ../remote.git, ../second.git
        fix:  leave one: git remote set-url --push --delete origin ../second.git; and give the other a name of its own: git remote add NAME ADDRESS
        {READ}severalpushaddresses
        """,
    ),
]


@pytest.mark.parametrize(
    ("spoil", "args", "said"),
    SITUATIONS,
    ids=[spoil.__name__ if spoil else " ".join(args) for spoil, args, _ in SITUATIONS],
)
def test_what_is_wrong_is_told_before_anything_is_written(
    port: Harbour, spoil: Callable[[Harbour], None] | None, args: tuple[str, ...], said: str
) -> None:
    if spoil:
        spoil(port)
    commit = port.trial.git("rev-parse", "HEAD")[:12]
    found = refused(port, *(args or ("--part", "minor")), "--yes")
    assert found == lines(said.replace("{commit}", commit))


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (refuse_in_a_hook, "hookrefused", "no ticket in: Release 1.3.0"),
        (rewrite_the_version_in_a_hook, "versionnotwritten", 'src/tidepool/__init__.py: __version__ = "1.2.3"'),
        (refuse_before_the_push, "pushrefused", "not today"),
        (refuse_on_the_remote, "pushrefused", "no tags"),
        (lose_the_network, "remoteunreachable", "127.0.0.1"),
    ],
)
def test_what_others_refuse_is_told_in_their_words(
    port: Harbour, spoil: Callable[[Harbour], None], error: str, words: str
) -> None:
    spoil(port)
    said = refused(port, "--part", "minor", "--yes")
    assert words in said
    assert said.endswith(f"{READ}{error}\n")


def test_several_reasons_are_told_together(port: Harbour) -> None:
    use_up_the_fragments(port)
    detach(port)
    cut_the_history_off(port)
    said = refused(port, "--part", "minor", "--yes", GIT_COMMITTER_NAME="", GIT_COMMITTER_EMAIL="")
    assert said.startswith("seatrial: there are 4 reasons why this can't be released:\n")
    assert re.findall("errors.md#(.*)", said) == [
        "shallowclone",
        "detachedhead",
        "noidentity",
        "nofragments",
        "severalreasons",
    ]


def test_reasons_of_the_remote_and_of_the_project_are_told_together(port: Harbour) -> None:
    branch_off(port)
    misname_a_fragment(port)
    name_another_version(port)
    said = refused(port, "--part", "minor", "--yes")
    assert re.findall("errors.md#(.*)", said) == ["versionsdisagree", "fragmentinvalid", "severalreasons"]
    port.trial.git("revert", "--no-edit", "HEAD", "HEAD~1")
    fall_behind(port)
    port.trial.git("switch", "-q", "topic")
    said = refused(port, "--version", "1.2.2", "--yes")
    assert re.findall("errors.md#(.*)", said) == ["wrongbranch", "versionnotnewer", "severalreasons"]


def test_advice_after_unfinished_work_was_in_the_way_ends_the_release(port: Harbour) -> None:
    port.trial.write({"CHANGELOG.md": port.read("CHANGELOG.md") + "Mine.\n"})
    port.trial.git("config", "merge.autostash", "true")
    assert port.release("--part", "minor", "--yes").returncode == 5
    assert port.read("CHANGELOG.md").endswith("Mine.\n")
    port.trial.git("stash", "-q")
    port.trial.git("merge", "-q", "--ff-only", "v1.3.0")
    assert json.loads(port.trial.invoke("status", "--json").output)["unfinished"] == ""
    port.trial.write({"changelog.d/2.feature.md": "More.\n"})
    port.trial.commit("More")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert port.remote.git("tag").split() == ["v1.3.0", "v1.4.0"]


def test_other_branch_does_not_move_when_a_release_is_caught_up_with(port: Harbour) -> None:
    port.trial.write({"CHANGELOG.md": port.read("CHANGELOG.md") + "Mine.\n"})
    assert port.release("--part", "minor", "--yes").returncode == 5
    port.trial.git("stash", "-q")
    port.trial.git("checkout", "-q", "-b", "topic")
    before = port.state()
    ran = port.release("--part", "minor", "--dry-run")
    assert (ran.returncode, port.state()) == (5, before), ran.output
    assert ran.output.startswith("seatrial: v1.3.0 was pushed, and has to be caught up with first\n")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert port.state().head == before.head
    assert port.trial.git("rev-parse", "main") == port.remote.git("rev-parse", "main")


def test_push_of_nothing_is_not_taken_for_a_release(port: Harbour) -> None:
    port.trial.git("config", "push.recurseSubmodules", "only")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    all_of_it_happened(port)


def test_distributions_of_another_version_than_the_tag_are_no_proof(hatchling_port: Harbour) -> None:
    port = hatchling_port
    pyproject = port.read("pyproject.toml").replace('["hatchling"]', '["hatchling", "hatch-vcs"]')
    pyproject = pyproject.replace('version = "1.2.3"', 'dynamic = ["version"]')
    port.trial.write({"pyproject.toml": pyproject + '\n[tool.hatch.version]\nsource = "vcs"\n'})
    port.trial.commit("Take the version from the tag")
    port.trial.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    said = refused(port, "--part", "minor", "--yes", SETUPTOOLS_SCM_PRETEND_VERSION="9.9.9")
    assert "seatrial: v1.3.0 would be the tag of tidepool-9.9.9.tar.gz, tidepool-9.9.9-py3-none-any.whl" in said
    assert said.endswith(f"{READ}prooffailed\n")


def test_ctrl_c_leaves_nothing(port: Harbour) -> None:
    hook = port.trial.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nkill -INT 0\nsleep 9\n")
    hook.chmod(0o755)
    before = port.state()
    release = (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests")
    ran = port.trial.run(*IN_A_SESSION, *release)
    assert (ran.returncode, port.state()) == (130, before), ran.output
    assert ran.output.endswith("seatrial: interrupted; invoke status says where things stand\n")
    assert scratches(port) == []


def test_full_disk_leaves_nothing(port: Harbour) -> None:
    before = port.state()
    command = f'ulimit -f 1; exec "{sys.executable}" -m invoke release --part minor --yes --no-tests'
    ran = port.trial.run("bash", "-c", command)
    assert ran.returncode not in (0, 1), ran.output
    assert not ran.was_a_traceback, ran.output
    assert port.state() == before
    assert scratches(port) == []


def test_line_ends_that_git_converts_are_those_of_the_repository(port: Harbour) -> None:
    port.trial.git("config", "core.autocrlf", "true")
    port.trial.git("rm", "-rq", "--cached", ".")
    port.trial.git("reset", "-q", "--hard")
    assert b"\r\n" in (port.trial.root / "CHANGELOG.md").read_bytes()
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    all_of_it_happened(port)
    assert "\r" not in port.show("CHANGELOG.md") + port.show("pyproject.toml")
    assert b"\r\n" in (port.trial.root / "CHANGELOG.md").read_bytes()
    assert port.trial.git("status", "--porcelain") == ""


def test_hooks_of_bump_my_version_do_not_run(port: Harbour) -> None:
    mark = port.trial.root.parent / "mark"
    hooks = f'[tool.bumpversion]\npost_commit_hooks = ["touch {mark}"]\npre_commit_hooks = ["touch {mark}"]\n'
    port.trial.write({"pyproject.toml": port.read("pyproject.toml") + hooks})
    port.trial.git("commit", "-qam", "Hooks")
    assert port.release("--part", "minor", "--yes").returncode == 0
    assert not mark.exists()


def test_hardened_git_and_a_folder_below_the_project_will_do(port: Harbour) -> None:
    port.trial.git("config", "protocol.allow", "never")
    port.trial.git("config", "protocol.file.allow", "user")
    below = Trial(port.trial.root / "src/tidepool", port.trial.environ)
    ran = below.invoke("release", "--part", "minor", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    all_of_it_happened(port)


def test_changelog_by_hand_stages_nothing_and_is_not_made_twice(port: Harbour) -> None:
    assert port.trial.invoke("bump", "--part", "minor").returncode == 0
    index = port.trial.git("ls-files", "--stage")
    assert port.trial.invoke("changelog").returncode == 0
    assert port.trial.git("ls-files", "--stage") == index
    assert port.read("CHANGELOG.md").endswith("- Tides fall.\n\n\n## 1.2.3\n\nOld.\n")
    ran = port.trial.invoke("changelog")
    assert (ran.returncode, ran.output.partition("\n")[0]) == (5, "seatrial: there is no fragment in changelog.d")


def test_nobody_to_ask_is_an_error(port: Harbour) -> None:
    said = refused(port, "--part", "minor")
    assert said.endswith(
        lines(
            f"""
            seatrial: there is no terminal to ask on; nothing has changed
            fix:  invoke release --yes --no-tests --part minor
            {READ}declined
            """
        )
    )


def test_inside_a_git_hook_is_an_error(port: Harbour) -> None:
    before = port.state()
    ran = port.release("--part", "minor", "--yes", GIT_INDEX_FILE=str(port.trial.root / ".git/index"))
    assert (ran.returncode, port.state()) == (5, before)
    assert ran.output.startswith("seatrial: GIT_INDEX_FILE is set, as git does for its hooks")


def test_failed_proof_pushes_nothing(port: Harbour) -> None:
    port.trial.write({"tests/test_tidepool.py": "def test_it() -> None:\n    assert False\n"})
    port.trial.git("commit", "-qam", "Break")
    before = port.state()
    ran = port.trial.invoke("release", "--part", "minor", "--yes")
    assert (ran.returncode, port.state()) == (5, before), ran.output
    assert f"{READ}prooffailed\n" in ran.output


@pytest.mark.parametrize("kind", ["worktree", "submodule", "folder"])
def test_checkout_of_another_kind_is_as_good(port: Harbour, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "Gezeiten tümpel ✓"
    if kind == "worktree":
        port.trial.git("checkout", "-q", "--detach")
        port.trial.git("worktree", "add", "-q", str(other), "main")
        port.trial.git("remote", "set-url", "origin", str(port.remote.root))
    elif kind == "submodule":
        above = Trial(other, port.trial.environ)
        other.mkdir()
        above.git("init", "-q")
        above.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(port.remote.root), "tidepool")
        other = other / "tidepool"
    else:
        port.trial.git("remote", "set-url", "origin", str(port.remote.root))
        port.trial.root.rename(other)
    there = Harbour(Trial(other, port.trial.environ))
    ran = there.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    commit = port.remote.git("rev-parse", "main")
    assert there.trial.git("rev-parse", "HEAD") == commit
    assert port.remote.git("rev-parse", "v1.3.0^{commit}") == commit


def test_project_in_a_folder_of_the_repository(port: Harbour) -> None:
    names = port.trial.git("ls-files", "-z").split("\0")[:-1]
    (port.trial.root / "packages/foo").mkdir(parents=True)
    for name in sorted({name.split("/")[0] for name in names}):
        port.trial.git("mv", name, "packages/foo/")
    # A workspace has one lock for all that is in it.
    lock = 'version = 1\n\n[[package]]\nname = "tidepool"\nversion = "{}"\nsource = {{ editable = "packages/foo" }}\n'
    port.trial.write({"uv.lock": lock.format("1.2.3")})
    port.trial.commit("Move")
    foo = Harbour(Trial(port.trial.root / "packages/foo", port.trial.environ))
    ran = foo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert 'version = "1.3.0"' in port.remote.git("show", "v1.3.0:packages/foo/pyproject.toml")
    assert port.remote.git("show", "v1.3.0:uv.lock") == lock.format("1.3.0")
    assert port.trial.git("status", "--porcelain") == ""


def test_status_says_where_the_project_stands(port: Harbour) -> None:
    assert port.trial.invoke("status").output == lines(
        """
        tidepool 1.2.3, 2 commits, no tag yet
        fragments  2, which ask for minor: 1.3.0
        branch     main to origin/main: 0 ahead, 0 behind
        next       invoke release --part minor
        """
    )
    assert port.release("--part", "minor", "--yes").returncode == 0
    fall_behind(port)
    assert json.loads(port.trial.invoke("status", "--json").output) == {
        "project": "tidepool",
        "version": "1.3.0",
        "last_tag": "v1.3.0",
        "since": 0,
        "fragments": 0,
        "asked": "patch",
        "following": "1.3.1",
        "branch": "main to origin/main: 0 ahead, 1 behind",
        "unfinished": "",
        "release": "v1.3.0, unknown to the index: http://127.0.0.1:9/simple/tidepool/ does not answer: Connection refused",
        "finish": "",
    }


def test_steps_by_hand_make_the_same_release(port: Harbour, tmp_path: Path) -> None:
    other = port.copy(tmp_path / "other")
    assert other.release("--part", "minor", "--yes").returncode == 0
    for step in (("bump", "--part", "minor"), ("changelog",)):
        ran = port.trial.invoke(*step)
        assert ran.returncode == 0, ran.output
    port.trial.commit("Release 1.3.0")
    for step in (("tag",), ("push",)):
        ran = port.trial.invoke(*step)
        assert ran.returncode == 0, ran.output
    assert port.remote.git("rev-parse", "main^{tree}") == other.remote.git("rev-parse", "main^{tree}")
    all_of_it_happened(port)


def test_step_that_fails_leaves_the_files_as_they_were(port: Harbour) -> None:
    configure_a_file_without_the_version(port)
    take_the_marker_away(port)
    before = port.state()
    for step in (("bump", "--part", "minor"), ("changelog",)):
        ran = port.trial.invoke(*step)
        assert ran.returncode not in (0, 1), ran.output
        assert not ran.was_a_traceback
        assert port.state() == before


def test_lock_command_that_fails_leaves_the_files_as_they_were(port: Harbour) -> None:
    command = [sys.executable, "-c", "open('pdm.lock', 'a').write('half'); raise SystemExit(3)"]
    port.trial.write(
        {
            "pyproject.toml": port.read("pyproject.toml") + f"lock = [{json.dumps(command)}]\n",
            "pdm.lock": "whole\n",
        }
    )
    port.trial.commit("Lock")
    before = port.state()
    ran = port.trial.invoke("bump", "--part", "minor")
    assert ran.returncode == 4, ran.output
    assert port.state() == before


def test_news_writes_a_fragment_of_a_known_type(port: Harbour) -> None:
    assert port.trial.invoke("news", "feature", "New.", "--issue", "#42").returncode == 0
    assert port.trial.invoke("news", "bugfix", "Mended.").returncode == 0
    names = (path.name for path in (port.trial.root / "changelog.d").iterdir())
    assert sorted(re.sub(r"^\+[0-9a-f]{8}", "+", name) for name in names) == [
        "+.bugfix.md",
        "+fall.bugfix.md",
        "1.feature.md",
        "42.feature.md",
        "README.md",
    ]
    assert port.read("changelog.d/42.feature.md") == "New.\n"
    ran = port.trial.invoke("news", "fetaure", "New.")
    assert ran.returncode == 5
    assert normalised(ran.output) == lines(
        f"""
        seatrial: fetaure is no type of fragment in pyproject.toml: there are feature, bugfix, doc, removal, misc
        fix:  invoke news feature New.
        {READ}fragmenttypeunknown
        """
    )


def test_entry_can_be_longer_than_an_argument_may_be(port: Harbour) -> None:
    entry = "A tide that rises for a very long time. " * 4_000
    port.trial.write({"changelog.d/2.feature.md": f"{entry.strip()}\n"})
    port.trial.commit("Write a book")
    ran = port.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert len(port.remote.git("tag", "--list", "--format=%(contents)", "v1.3.0")) > 131_072
