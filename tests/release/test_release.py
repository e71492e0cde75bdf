"""A release happens whole or not at all, with real git and a real remote."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Callable

import pytest

from broken_states import (
    begin_a_merge,
    branch_off,
    configure_a_file_without_the_version,
    cut_the_history_off,
    detach,
    diverge,
    fall_behind,
    ignore_the_fragments,
    lack_the_tags,
    lack_the_tags_of_another_form,
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
    tag_a_newer_release_here_alone,
    tag_here,
    tag_there,
    take_the_marker_away,
    use_up_the_fragments,
    write_a_fragment_in_latin1,
    write_latin1,
    write_the_entry_by_hand,
)
from preloaded import IN_A_SESSION
from release_repo import TOWNCRIER, ReleaseRepo, release_happened, scratch_clones
from sample_project import HERE, WITHOUT_ACCOUNTS, SampleProject, lines, normalised

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow
READ = "more: seatrial explain "


def refused(repo: ReleaseRepo, *args: str, **environ: str) -> str:
    """Release, which has to fail without a traceback and without a trace, and return what it said."""
    before = repo.state()
    ran = repo.release(*args, **environ)
    assert ran.returncode not in (0, 1), ran.output
    assert not ran.was_a_traceback, ran.output
    assert repo.state() == before
    return normalised(ran.message, root=repo.project.root, remote=repo.remote.root)


def test_plan_is_shown_before_it_is_carried_out(repo: ReleaseRepo) -> None:
    job = (
        "jobs: {publish: {runs-on: ubuntu-latest, environment: pypi, permissions: {id-token: write}, "
        "steps: [{run: twine upload dist/*}]}}\n"
    )
    repo.project.write(
        {"notes.txt": "mine\n", ".github/workflows/release.yml": f"on:\n  push:\n    tags: ['v*']\n{job}"}
    )
    repo.project.git("add", ".github")
    repo.project.git("commit", "-q", "-m", "Publish from CI")
    mine = repo.project.git("rev-parse", "--short", "HEAD").strip()
    ran = repo.release("--part", "auto", "--yes")
    assert ran.returncode == 0, ran.output
    plan = ran.output[ran.output.index("tidepool 1.2.3 → 1.3.0") :].partition("  commit: ")[0]
    assert normalised(plan, remote=repo.remote.root, mine=mine) == lines(
        """
        tidepool 1.2.3 → 1.3.0

          ## 1.3.0

          ### Features

          - Tides rise. (#1)

          ### Bugfixes

          - Tides fall.

        files    CHANGELOG.md +11
                 pyproject.toml +1 -1
                 src/tidepool/__init__.py +1 -1
        removes  changelog.d/+fall.bugfix.md
                 changelog.d/1.feature.md
        commit   Release 1.3.0
        tag      v1.3.0
        push     main and v1.3.0 to origin (../remote.git), both or neither
        CI       .github/workflows/release.yml listens to tags
        also     1 commit that origin does not have yet:
                   {mine} Publish from CI
        not in   uncommitted changes in the checkout: notes.txt
        """
    )


def test_release_is_a_list_of_steps_and_ends_with_a_card(repo: ReleaseRepo) -> None:
    ran = repo.project.invoke("release", "--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    steps = [line for line in normalised(ran.output).splitlines() if line.lstrip().startswith(("✓", "✗"))]
    assert steps == [
        "✓ check  N s",
        "✓ prepare  N s",
        "✓ commit  N s",
        "✓ build  N s",
        "✓ check files  N s",
        "  ✓ build  N s",
        "  ✓ check  N s",
        f"  ✓ tests-{HERE}  N s",
        "✓ tests  N s",
        "✓ push  N s",
        "✓ update  N s",
    ]
    card = ran.output[ran.output.index("tidepool 1.3.0 is released") :]
    assert re.sub(r"in \d+ s", "in N s", card) == lines(
        """
        tidepool 1.3.0 is released, in N s
        pushed   main and v1.3.0 to origin
        CI       no file listens to tags
        next     invoke publish --version 1.3.0
        """
    )


def test_dry_run_shows_what_would_go_out_and_leaves_nothing(repo: ReleaseRepo) -> None:
    before = repo.state()
    ran = repo.release("--part", "minor", "--dry-run")
    assert ran.returncode == 0, ran.output
    assert repo.state() == before
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


def test_version_from_the_tag_gets_a_tag_and_no_edit(hatchling_port: ReleaseRepo) -> None:
    repo = hatchling_port
    pyproject = repo.read("pyproject.toml").replace('["hatchling"]', '["hatchling", "hatch-vcs"]')
    pyproject = pyproject.replace('version = "1.2.3"', 'dynamic = ["version"]').replace(TOWNCRIER, "")
    repo.project.write({"pyproject.toml": pyproject + '\n[tool.hatch.version]\nsource = "vcs"\n'})
    repo.project.commit("Take the version from the tag")
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    head = repo.project.git("rev-parse", "HEAD")
    repo.project.git("commit", "-q", "--allow-empty", "-m", "Later")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert (repo.project.root / ".git/seatrial/manifest/tidepool-1.3.0-py3-none-any.whl").exists()
    assert repo.remote.git("rev-parse", "v1.3.0^{commit}~1") == head


def test_files_keep_their_line_ends(repo: ReleaseRepo) -> None:
    names = ("pyproject.toml", "CHANGELOG.md", "src/tidepool/__init__.py")
    for name in names:
        path = repo.project.root / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    repo.project.commit("Come from Windows")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    for name in names:
        content = (repo.project.root / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n"), name


def test_unfinished_work_survives_and_is_not_in_it(repo: ReleaseRepo) -> None:
    repo.project.write({"staged.txt": "staged\n", "src/tidepool/more.py": "MORE = 1\n", "untracked.txt": "untracked\n"})
    repo.project.git("add", "staged.txt", "src/tidepool/more.py")
    repo.project.write({"src/tidepool/more.py": "MORE = 2\n", "README.md": "# edited\n"})
    kept = {name: repo.read(name) for name in ("staged.txt", "src/tidepool/more.py", "untracked.txt", "README.md")}
    staged = repo.project.git("diff", "--cached")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(repo)
    assert {name: repo.read(name) for name in kept} == kept
    assert repo.project.git("diff", "--cached") == staged
    assert not {"staged.txt", "src/tidepool/more.py", "untracked.txt"} & set(
        repo.remote.git("ls-tree", "-r", "--name-only", "main").split()
    )


def test_unfinished_work_in_a_file_of_the_release_is_left_alone(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGELOG.md": repo.read("CHANGELOG.md") + "Mine.\n"})
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 5, ran.output
    assert "git stash --include-untracked, then: invoke release, which updates it, then: git stash pop" in ran.output
    after = repo.state()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert repo.remote.git("rev-parse", "v1.3.0^{commit}") == repo.remote.git("rev-parse", "main")
    repo.project.git("checkout", "-q", "CHANGELOG.md")
    assert repo.release("--part", "minor", "--yes").returncode == 0
    release_happened(repo)


def test_hook_that_rewrites_files_is_given_a_second_try(repo: ReleaseRepo) -> None:
    hook = repo.project.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\ngrep -q tidied CHANGELOG.md && exit 0\necho tidied >> CHANGELOG.md\nexit 1\n")
    hook.chmod(0o755)
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert repo.show("CHANGELOG.md").endswith("tidied\n")
    release_happened(repo)


def test_commit_and_tag_are_signed_where_the_users_are(repo: ReleaseRepo) -> None:
    key = repo.project.root.parent / "key"
    repo.project.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    signers = repo.project.root.parent / "signers"
    signers.write_text(f"author@example.invalid {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("user.signingkey", str(key)),
        ("commit.gpgsign", "true"),
        ("tag.gpgsign", "true"),
        ("gpg.ssh.allowedSignersFile", str(signers)),
    ):
        repo.project.git("config", name, value)
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert 'Good "git" signature' in repo.project.git("verify-commit", "-v", "HEAD")
    assert 'Good "git" signature' in repo.project.git("verify-tag", "-v", "v1.3.0")
    key.unlink()
    repo.project.invoke("news", "bugfix", "More.")
    repo.project.git("add", "-A")
    repo.project.git("-c", "commit.gpgsign=false", "commit", "-q", "-m", "More")
    assert f"{READ}SigningFailed\n" in refused(repo, "--part", "patch", "--yes")


SITUATIONS: list[tuple[Callable[[ReleaseRepo], None] | None, tuple[str, ...], str]] = [
    (
        detach,
        (),
        f"""
        seatrial: no branch is checked out, HEAD is at {{commit}}
        fix:  git switch main, or your release branch
        {READ}DetachedHead
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
        {READ}WrongBranch
        """,
    ),
    (
        lose_the_remote,
        (),
        f"""
        seatrial: {{root}} has no remote to push to
        fix:  git remote add -f origin ADDRESS
        {READ}NoRemote
        """,
    ),
    (
        lose_the_upstream,
        (),
        f"""
        seatrial: branch main follows no branch of a remote
        fix:  git branch --set-upstream-to=origin/main
        {READ}NoUpstream
        """,
    ),
    (
        cut_the_history_off,
        (),
        f"""
        seatrial: {{root}} does not have the whole history, which versions and tags are read from
        fix:  git fetch --unshallow --tags
        {READ}ShallowClone
        """,
    ),
    (
        fall_behind,
        (),
        f"""
        seatrial: main lacks 1 commit of origin/main
        fix:  git pull --ff-only, then release again
        {READ}BranchBehind
        """,
    ),
    (
        diverge,
        (),
        f"""
        seatrial: main and origin/main have diverged: 1 commit here, 1 there
        fix:  git pull --rebase, then release again
        {READ}BranchDiverged
        """,
    ),
    (
        tag_here,
        (),
        f"""
        seatrial: the tag v1.3.0 is in this repository already, but not on origin
        fix:  if it was never pushed: git tag -d v1.3.0; else release another version
        {READ}TagTaken
        """,
    ),
    (
        tag_there,
        (),
        f"""
        seatrial: the tag v1.3.0 is on origin already
        fix:  invoke release --version 1.3.1
        {READ}TagTaken
        """,
    ),
    (
        use_up_the_fragments,
        (),
        f"""
        seatrial: changelog.d has no fragments, so the notes of 1.3.0 would be empty
        fix:  invoke news feature 'What is new.', and commit; or release all the same: --allow-empty
        {READ}NoFragments
        """,
    ),
    (
        ignore_the_fragments,
        (),
        f"""
        seatrial: no fragment was committed, so the notes of 1.3.0 would be empty: changelog.d/7.feature.md
        fix:  git add --force changelog.d/7.feature.md, and commit; or release all the same: --allow-empty
        {READ}NoFragments
        """,
    ),
    (
        misname_a_fragment,
        (),
        f"""
        seatrial: towncrier skips changelog.d/1.fetaure.md: no part of the name is a type
        fix:  name it ISSUE.TYPE.md or +WORD.TYPE.md, TYPE being one of feature, bugfix, doc, removal, misc, and commit:
              git mv changelog.d/1.fetaure.md changelog.d/+WORD.feature.md
              or, if it is not a fragment, add it to ignore in pyproject.toml
        {READ}FragmentInvalid
        """,
    ),
    (
        take_the_marker_away,
        (),
        f"""
        seatrial: CHANGELOG.md does not have the line below which the entry of a release goes
        fix:  put it above the latest release in CHANGELOG.md, and commit:
              <!-- towncrier release notes start -->
        {READ}MarkerMissing
        """,
    ),
    (
        write_latin1,
        (),
        f"""
        seatrial: CHANGELOG.md is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 3: invalid start byte
        fix:  save CHANGELOG.md in UTF-8
        {READ}FileNotUtf8
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
        {READ}VersionsDisagree
        """.replace("    pyproject", "  pyproject").replace("    src", "  src"),
    ),
    (
        None,
        ("--part", "mayor"),
        f"""
        seatrial: unknown part 'mayor'; did you mean major?
        fix:  invoke release --no-tests --part major --yes
        {READ}PartUnknown
        """,
    ),
    (
        None,
        ("--part", "patch"),
        f"""
        seatrial: 1.2.4 raises the patch part of 1.2.3, and changelog.d/1.feature.md asks for minor
        fix:  invoke release --part minor; or all the same: --anyway
        {READ}PartTooSmall
        """,
    ),
    (
        None,
        ("--version", "1.2.2"),
        f"""
        seatrial: 1.2.2 is not newer than 1.2.3, the version of tidepool
        fix:  invoke release --part minor
        {READ}VersionNotNewer
        """,
    ),
    (
        None,
        ("--version", "1.3.x"),
        f"""
        seatrial: '1.3.x' is not a version
        fix:  invoke release --no-tests --version VERSION --yes, such as 1.5.0, 1.5.0rc1 or 1.5.0.post1
        {READ}VersionInvalid
        """,
    ),
    (
        None,
        ("--version", "1.3.0+local"),
        f"""
        seatrial: 1.3.0+local has a local part, which no index takes
        fix:  invoke release --version 1.3.0
        {READ}VersionInvalid
        """,
    ),
    (
        None,
        ("--part", ""),
        f"""
        seatrial: --part needs a value, and was given an empty text
        fix:  invoke release --no-tests --part minor --yes
        {READ}ValueMissing
        """,
    ),
    (
        begin_a_merge,
        (),
        f"""
        seatrial: a git merge is not finished in {{root}}
        fix:  git merge --continue, or --abort
        {READ}MergeUnderWay
        """,
    ),
    (
        write_a_fragment_in_latin1,
        (),
        f"""
        seatrial: 1.feature.md is not UTF-8: 'utf-8' codec can't decode byte 0xfc in position 1: invalid start byte
        fix:  save 1.feature.md in UTF-8
        {READ}FileNotUtf8
        """,
    ),
    (
        configure_a_file_without_the_version,
        (),
        f"""
        seatrial: bump-my-version does not write 1.3.0, as pyproject.toml configures it:
          Did not find '1.2.3' in file: 'README.md'
        fix:  correct that in pyproject.toml; to try it: bump-my-version bump --dry-run --new-version 1.3.0 --verbose
        {READ}VersionNotWritten
        """,
    ),
    (
        lack_the_tags,
        (),
        f"""
        seatrial: origin has the tag v1.2.4, and {{root}} does not
        fix:  git fetch --tags
        {READ}TagsMissing
        """,
    ),
    (
        lack_the_tags_of_another_form,
        (),
        f"""
        seatrial: origin has the tag 1.2.3, and {{root}} does not
        fix:  git fetch --tags
        {READ}TagsMissing
        """,
    ),
    (
        tag_a_newer_release,
        (),
        f"""
        seatrial: 1.3.0 is not newer than 5.0.0, of which v5.0.0 is the tag
        fix:  invoke release --version 5.1.0
        {READ}VersionNotNewer
        """,
    ),
    (
        tag_a_newer_release_here_alone,
        (),
        f"""
        seatrial: 1.3.0 is not newer than 1.3.0, of which v1.3.0 is the tag; origin does not have it
        fix:  if it was never pushed: git tag -d v1.3.0; else invoke release --version 1.4.0
        {READ}VersionNotNewer
        """,
    ),
    (
        pin_a_dependency_to_the_same_number,
        (),
        f"""
        seatrial: bump-my-version changed more than the version in [project] of pyproject.toml: a requirement has the same number
        fix:  take pyproject.toml out of [[tool.bumpversion.files]]: its version is written anyway; or give that entry a search
        {READ}VersionNotWritten
        """,
    ),
    (
        write_the_entry_by_hand,
        (),
        f"""
        seatrial: CHANGELOG.md has an entry '## 1.3.0' already
        fix:  remove that entry and commit
        {READ}EntryExists
        """,
    ),
    (
        None,
        ("--part", "major", "--version", "1.3.5"),
        f"""
        seatrial: --part and --version exclude each other
        fix:  invoke release --version 1.3.5
        {READ}PartUnknown
        """,
    ),
    (
        push_to_two,
        (),
        f"""
        seatrial: a push to origin goes to 2 addresses, and can succeed at one and fail at another: ../remote.git, ../second.git
        fix:  leave one: git remote set-url --push --delete origin ../second.git; and give the other a name of its own: git remote add NAME ADDRESS
        {READ}SeveralPushAddresses
        """,
    ),
]


@pytest.mark.parametrize(
    ("spoil", "args", "expected"),
    SITUATIONS,
    ids=[spoil.__name__ if spoil else " ".join(args) for spoil, args, _ in SITUATIONS],
)
def test_problems_are_reported_before_anything_is_written(
    repo: ReleaseRepo, spoil: Callable[[ReleaseRepo], None] | None, args: tuple[str, ...], expected: str
) -> None:
    if spoil:
        spoil(repo)
    commit = repo.project.git("rev-parse", "HEAD")[:12]
    message = refused(repo, *(args or ("--part", "minor")), "--yes")
    assert message == lines(expected.replace("{commit}", commit))


def test_folder_that_can_not_be_written_to_after_the_push_ends_the_release_before_it(repo: ReleaseRepo) -> None:
    words = (*WITHOUT_ACCOUNTS, sys.executable, "-m", "invoke", "release", "--no-tests", "--part", "minor", "--yes")
    before = repo.state()
    for name in (".", ".git", ".git/objects", ".git/refs"):
        folder = repo.project.root / name
        folder.chmod(0o555)
        ran = repo.project.run(*words)
        folder.chmod(0o755)
        assert (ran.returncode, repo.state()) == (4, before), ran.output
        assert ran.output.endswith(
            f"seatrial: a release writes here after its push, and may not: {folder}\n"
            f"fix:  chmod u+w {folder}, or release as the owner\n{READ}FileUnusable\n"
        )


def test_preflight_of_a_tree_that_can_not_be_written_to_reports_that_and_all_else(repo: ReleaseRepo) -> None:
    root = repo.project.root
    names = (root, root / ".git", root / ".git/objects", root / ".git/refs")
    for name in names:
        name.chmod(0o555)
    ran = repo.project.run(*WITHOUT_ACCOUNTS, sys.executable, "-m", "seatrial", "preflight", "minor")
    for name in names:
        name.chmod(0o755)
    folders = [str(name) for name in names]
    assert ran.returncode == 5
    assert (
        f"✗ META007  a release writes here after its push, and may not: {', '.join(folders)}\n"
        f"  fix: chmod u+w {' '.join(folders)}, or release as the owner\n"
    ) in ran.output
    assert "the distributions  " in ran.output
    assert "nothing was built" not in ran.output


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (refuse_in_a_hook, "HookRefused", "no ticket in: Release 1.3.0"),
        (rewrite_the_version_in_a_hook, "VersionNotWritten", 'src/tidepool/__init__.py: __version__ = "1.2.9"'),
        (refuse_before_the_push, "PushRefused", "not today"),
        # Without --atomic, the branch would have moved.
        pytest.param(refuse_on_the_remote, "PushRefused", "no tags", marks=pytest.mark.selection),
        (lose_the_network, "RemoteUnreachable", "127.0.0.1"),
    ],
)
def test_refusals_of_tools_are_reported_in_their_words(
    repo: ReleaseRepo, spoil: Callable[[ReleaseRepo], None], error: str, words: str
) -> None:
    spoil(repo)
    message = refused(repo, "--part", "minor", "--yes")
    assert words in message
    assert message.endswith(f"{READ}{error}\n")


def test_hook_that_refuses_the_message_leads_to_the_setting_of_the_message(repo: ReleaseRepo) -> None:
    refuse_in_a_hook(repo)
    text = refused(repo, "--part", "minor", "--yes")
    assert text.endswith(
        "seatrial: the hook commit-msg refused the commit:\n  no ticket in: Release 1.3.0\n"
        "fix:  set the message of the release commit to one that the hook takes:\n"
        '      [tool.seatrial]\n      message = "chore: release {name} {version}"\n'
        f"{READ}HookRefused\n"
    )
    pyproject = repo.read("pyproject.toml").replace(
        "[tool.seatrial]\n", '[tool.seatrial]\nmessage = "T-1: {version}"\n'
    )
    hook = repo.project.root / ".git/hooks/commit-msg"
    hook.write_text('#!/bin/sh\ngrep -q T-1: "$1"\n')
    repo.project.write({"pyproject.toml": pyproject})
    repo.project.git("commit", "-qam", "T-1: Name the ticket")
    assert repo.release("--part", "minor", "--yes").returncode == 0


def test_hook_that_refuses_the_files_is_not_taken_for_one_of_the_message(repo: ReleaseRepo) -> None:
    refuse_in_a_hook(repo)
    (repo.project.root / ".git/hooks/commit-msg").rename(repo.project.root / ".git/hooks/pre-commit")
    text = refused(repo, "--part", "minor", "--yes")
    assert text.endswith(f"fix:  correct what git or its hook reports, and commit it\n{READ}HookRefused\n")


def test_several_reasons_are_reported_together(repo: ReleaseRepo) -> None:
    use_up_the_fragments(repo)
    detach(repo)
    cut_the_history_off(repo)
    message = refused(repo, "--part", "minor", "--yes", GIT_COMMITTER_NAME="", GIT_COMMITTER_EMAIL="")
    assert message.startswith("seatrial: there are 4 reasons why this can't be released:\n")
    assert message.endswith(f"\n{READ}ShallowClone DetachedHead NoIdentity NoFragments\n")


def test_reasons_of_the_remote_and_of_the_project_are_reported_together(repo: ReleaseRepo) -> None:
    branch_off(repo)
    misname_a_fragment(repo)
    name_another_version(repo)
    message = refused(repo, "--part", "minor", "--yes")
    assert message.endswith(f"\n{READ}VersionsDisagree FragmentInvalid\n")
    repo.project.git("revert", "--no-edit", "HEAD", "HEAD~1")
    fall_behind(repo)
    repo.project.git("switch", "-q", "topic")
    message = refused(repo, "--version", "1.2.2", "--yes")
    assert message.endswith(f"\n{READ}WrongBranch VersionNotNewer\n")


def test_advice_after_unfinished_work_was_in_the_way_ends_the_release(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGELOG.md": repo.read("CHANGELOG.md") + "Mine.\n"})
    repo.project.git("config", "merge.autostash", "true")
    assert repo.release("--part", "minor", "--yes").returncode == 5
    assert repo.read("CHANGELOG.md").endswith("Mine.\n")
    repo.project.git("stash", "-q")
    repo.project.git("merge", "-q", "--ff-only", "v1.3.0")
    assert json.loads(repo.project.invoke("status", "--json").output)["unfinished"] is None
    repo.project.write({"changelog.d/2.feature.md": "More.\n"})
    repo.project.commit("More")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert repo.remote.git("tag").split() == ["v1.3.0", "v1.4.0"]


def test_version_that_was_merged_with_its_changelog_gets_its_tag_alone(repo: ReleaseRepo) -> None:
    assert repo.project.invoke("bump", "--part", "minor").returncode == 0
    assert repo.project.invoke("changelog").returncode == 0
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    repo.project.git("push", "-q", "origin", "v1.2.3")
    repo.project.git("add", "--all")
    repo.project.git("commit", "-q", "-m", "Prepare 1.3.0")
    head = repo.project.git("rev-parse", "HEAD").strip()
    assert "next       invoke release --version 1.3.0" in repo.project.invoke("status").output
    ran = repo.release("--part", "auto", "--yes")
    assert ran.returncode == 0, ran.output
    assert "commit   none: nothing changes in the files\n" in ran.output
    assert repo.remote.git("rev-parse", "v1.3.0^{commit}", "main").split() == [head, head]
    assert repo.remote.git("tag", "--list", "--format=%(contents)", "v1.3.0").startswith(
        "tidepool 1.3.0\n\n## 1.3.0\n\n### Features\n"
    )


def test_other_branch_does_not_move_when_the_checkout_is_updated(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGELOG.md": repo.read("CHANGELOG.md") + "Mine.\n"})
    assert repo.release("--part", "minor", "--yes").returncode == 5
    repo.project.git("stash", "-q")
    repo.project.git("checkout", "-q", "-b", "topic")
    before = repo.state()
    ran = repo.release("--part", "minor", "--dry-run")
    assert (ran.returncode, repo.state()) == (5, before), ran.output
    assert ran.message.startswith("seatrial: v1.3.0 was pushed, but the checkout was not updated to it\n")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert repo.state().head == before.head
    assert repo.project.git("rev-parse", "main") == repo.remote.git("rev-parse", "main")


def test_push_of_nothing_is_not_taken_for_a_release(repo: ReleaseRepo) -> None:
    repo.project.git("config", "push.recurseSubmodules", "only")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(repo)


def test_distributions_of_another_version_than_the_tag_are_refused(hatchling_port: ReleaseRepo) -> None:
    repo = hatchling_port
    pyproject = repo.read("pyproject.toml").replace('["hatchling"]', '["hatchling", "hatch-vcs"]')
    pyproject = pyproject.replace('version = "1.2.3"', 'dynamic = ["version"]')
    pyproject = pyproject.replace(
        'build-backend = "hatchling.build"', 'build-backend = "backend"\nbackend-path = ["."]'
    )
    backend = "import os\n\nos.environ['SETUPTOOLS_SCM_PRETEND_VERSION'] = '9.9.9'\nfrom hatchling.build import *\n"
    table = '\n[tool.hatch.version]\nsource = "vcs"\n'
    repo.project.write({"pyproject.toml": pyproject + table, "backend.py": backend})
    repo.project.commit("Take the version from the tag, and another one for what is built")
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    message = refused(repo, "--part", "minor", "--yes")
    assert "seatrial: v1.3.0 would be the tag of tidepool-9.9.9.tar.gz, tidepool-9.9.9-py3-none-any.whl" in message
    assert message.endswith(f"{READ}VerificationFailed\n")


def test_ctrl_c_leaves_nothing(repo: ReleaseRepo) -> None:
    hook = repo.project.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nkill -INT 0\nsleep 9\n")
    hook.chmod(0o755)
    before = repo.state()
    release = (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests")
    ran = repo.project.run(*IN_A_SESSION, *release)
    assert (ran.returncode, repo.state()) == (130, before), ran.output
    assert ran.output.endswith("seatrial: interrupted; invoke status shows the state\n")
    assert scratch_clones(repo) == []


def test_full_disk_leaves_nothing(repo: ReleaseRepo) -> None:
    before = repo.state()
    command = f'ulimit -f 1; exec "{sys.executable}" -m invoke release --part minor --yes --no-tests'
    ran = repo.project.run("bash", "-c", command)
    assert ran.returncode not in (0, 1), ran.output
    assert not ran.was_a_traceback, ran.output
    assert repo.state() == before
    assert scratch_clones(repo) == []


def test_line_ends_that_git_converts_are_those_of_the_repository(repo: ReleaseRepo) -> None:
    repo.project.git("config", "core.autocrlf", "true")
    repo.project.git("rm", "-rq", "--cached", ".")
    repo.project.git("reset", "-q", "--hard")
    assert b"\r\n" in (repo.project.root / "CHANGELOG.md").read_bytes()
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(repo)
    assert "\r" not in repo.show("CHANGELOG.md") + repo.show("pyproject.toml")
    assert b"\r\n" in (repo.project.root / "CHANGELOG.md").read_bytes()
    assert repo.project.git("status", "--porcelain") == ""


def test_hooks_of_bump_my_version_do_not_run(repo: ReleaseRepo) -> None:
    mark = repo.project.root.parent / "mark"
    hooks = f'[tool.bumpversion]\npost_commit_hooks = ["touch {mark}"]\npre_commit_hooks = ["touch {mark}"]\n'
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + hooks})
    repo.project.git("commit", "-qam", "Hooks")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0
    assert (
        "\nnot run  post_commit_hooks, pre_commit_hooks of bump-my-version, which does not commit here; " in ran.output
    )
    assert not mark.exists()


def test_numbers_that_keep_the_version_before_are_in_the_plan(repo: ReleaseRepo) -> None:
    repo.project.write({"src/tidepool/__init__.py": '__version__ = "1.2.3"\nVERSION_MAJOR = 1\nVERSION_MINOR = 2\n'})
    repo.project.git("commit", "-qam", "Numbers")
    ran = repo.release("--part", "minor", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert "\nstale    src/tidepool/__init__.py:3: VERSION_MINOR = 2\n         bump-my-version writes" in ran.output
    assert "VERSION_MAJOR" not in ran.output


def test_hardened_git_and_a_folder_below_the_project_will_do(repo: ReleaseRepo) -> None:
    repo.project.git("config", "protocol.allow", "never")
    repo.project.git("config", "protocol.file.allow", "user")
    below = SampleProject(repo.project.root / "src/tidepool", repo.project.environ)
    ran = below.invoke("release", "--part", "minor", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    release_happened(repo)


def test_changelog_by_hand_stages_nothing_and_is_not_made_twice(repo: ReleaseRepo) -> None:
    assert repo.project.invoke("bump", "--part", "minor").returncode == 0
    index = repo.project.git("ls-files", "--stage")
    assert repo.project.invoke("changelog").returncode == 0
    assert repo.project.git("ls-files", "--stage") == index
    assert repo.read("CHANGELOG.md").endswith("- Tides fall.\n\n\n## 1.2.3\n\nOld.\n")
    ran = repo.project.invoke("changelog")
    assert (ran.returncode, ran.output.partition("\n")[0]) == (5, "seatrial: changelog.d has no fragments")


def test_fragment_that_git_ignores_is_in_no_entry(repo: ReleaseRepo) -> None:
    assert repo.project.invoke("bump", "--part", "minor").returncode == 0
    before = repo.read("CHANGELOG.md")
    repo.project.write({".gitignore": "draft*\n", "changelog.d/draft.feature.md": "Secret.\n"})
    ran = repo.project.invoke("changelog")
    assert (ran.returncode, repo.read("CHANGELOG.md")) == (5, before)
    assert ran.output.startswith("seatrial: git ignores changelog.d/draft.feature.md, which towncrier would take: ")
    repo.project.git("add", "--force", "changelog.d/draft.feature.md")
    assert repo.project.invoke("changelog").returncode == 0
    assert "- Secret." in repo.read("CHANGELOG.md")


def test_entries_without_titles_are_not_compared(repo: ReleaseRepo) -> None:
    text = repo.read("pyproject.toml").replace('title_format = "## {version}"', "title_format = false")
    repo.project.write({"pyproject.toml": text})
    repo.project.commit("No titles")
    for number, part in enumerate(("minor", "major")):
        repo.project.write({f"changelog.d/{number}.feature.md": "More.\n"})
        repo.project.commit("More")
        ran = repo.release("--part", part, "--yes")
        assert ran.returncode == 0, ran.output
    assert repo.show("CHANGELOG.md").count("# Features") == 2


def test_nobody_to_ask_is_an_error(repo: ReleaseRepo) -> None:
    message = refused(repo, "--part", "minor")
    assert message.endswith(
        lines(
            f"""
            seatrial: there is no terminal to ask on: not released; nothing has changed
            fix:  invoke release --yes --no-tests --part minor
            {READ}Declined
            """
        )
    )


def test_inside_a_git_hook_is_an_error(repo: ReleaseRepo) -> None:
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes", GIT_INDEX_FILE=str(repo.project.root / ".git/index"))
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.output.startswith("seatrial: GIT_INDEX_FILE is set, as git does for its hooks")


def test_failed_verification_pushes_nothing(repo: ReleaseRepo) -> None:
    repo.project.write({"tests/test_tidepool.py": "def test_it() -> None:\n    assert False\n"})
    repo.project.git("commit", "-qam", "Break")
    before = repo.state()
    ran = repo.project.invoke("release", "--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before), ran.output
    assert f"{READ}VerificationFailed\n" in ran.output


@pytest.mark.parametrize(
    "options", [(), ("--keep-going",), ("--keep-going", "--pull-request")], ids=["first", "all", "all of a request"]
)
def test_first_session_that_fails_stops_a_release_unless_it_keeps_going(
    repo: ReleaseRepo, options: tuple[str, ...]
) -> None:
    later = "\n\n@nox.session(tags=['release'], python=False)\ndef later(session):\n    print('later ran')\n"
    repo.project.write(
        {
            "tests/test_tidepool.py": "def test_it() -> None:\n    assert 1 + 1 == 3\n",
            "noxfile.py": repo.read("noxfile.py") + later,
        }
    )
    repo.project.git("commit", "-qam", "Break")
    # A release through a request is made on top of the remote's branch.
    repo.project.git("push", "-q")
    ran = repo.project.invoke("release", "--part", "minor", "--yes", *options)
    assert ran.returncode == 5
    assert ("✓ later" in ran.output) == ("--keep-going" in options), ran.output
    error = ran.output.partition("seatrial: nox -t release ended")[2]
    assert "assert (1 + 1) == 3" in error
    assert "nox > *" not in error


@pytest.mark.parametrize("kind", ["worktree", "submodule", "folder"])
def test_checkout_of_another_kind_is_as_good(repo: ReleaseRepo, tmp_path: Path, kind: str) -> None:
    other = tmp_path / "Gezeiten tümpel ✓"
    if kind == "worktree":
        repo.project.git("checkout", "-q", "--detach")
        repo.project.git("worktree", "add", "-q", str(other), "main")
        repo.project.git("remote", "set-url", "origin", str(repo.remote.root))
    elif kind == "submodule":
        above = SampleProject(other, repo.project.environ)
        other.mkdir()
        above.git("init", "-q")
        above.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.remote.root), "tidepool")
        other = other / "tidepool"
    else:
        repo.project.git("remote", "set-url", "origin", str(repo.remote.root))
        repo.project.root.rename(other)
    other_repo = ReleaseRepo(SampleProject(other, repo.project.environ))
    ran = other_repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    commit = repo.remote.git("rev-parse", "main")
    assert other_repo.project.git("rev-parse", "HEAD") == commit
    assert repo.remote.git("rev-parse", "v1.3.0^{commit}") == commit


def test_project_in_a_folder_of_the_repository(repo: ReleaseRepo) -> None:
    names = repo.project.git("ls-files", "-z").split("\0")[:-1]
    (repo.project.root / "packages/foo").mkdir(parents=True)
    for name in sorted({name.split("/")[0] for name in names}):
        repo.project.git("mv", name, "packages/foo/")
    # A workspace has one lock for all that is in it.
    lock = 'version = 1\n\n[[package]]\nname = "tidepool"\nversion = "{}"\nsource = {{ editable = "packages/foo" }}\n'
    repo.project.write({"uv.lock": lock.format("1.2.3")})
    repo.project.commit("Move")
    foo = ReleaseRepo(SampleProject(repo.project.root / "packages/foo", repo.project.environ))
    ran = foo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert 'version = "1.3.0"' in repo.remote.git("show", "tidepool-v1.3.0:packages/foo/pyproject.toml")
    assert repo.remote.git("show", "tidepool-v1.3.0:uv.lock") == lock.format("1.3.0")
    assert repo.project.git("status", "--porcelain") == ""


def test_status_shows_the_state_of_the_project(repo: ReleaseRepo) -> None:
    assert repo.project.invoke("status").output == lines(
        """
        tidepool 1.2.3, 2 commits, no tag yet
        fragments  2, for a minor release: 1.3.0
        branch     main to origin/main: 0 ahead, 0 behind
        next       invoke release --part minor
        """
    )
    assert repo.release("--part", "minor", "--yes").returncode == 0
    fall_behind(repo)
    assert json.loads(repo.project.invoke("status", "--json").output) == {
        "project": "tidepool",
        "version": "1.3.0",
        "is_untagged": False,
        "last_tag": "v1.3.0",
        "commits_since_tag": 0,
        "fragments": 0,
        "part": "patch",
        "next_version": "1.3.1",
        "branch": {"name": "main", "upstream": "origin/main", "ahead": 0, "behind": 1, "reason": None},
        "ignored_fragments": [],
        "uncommitted": [],
        "unfinished": None,
        "undecided": None,
        "request": None,
        "release": {
            "tag": "v1.3.0",
            "state": "unknown",
            "index": None,
            "missing": None,
            "reason": "http://127.0.0.1:9/simple/tidepool/ does not answer: Connection refused",
            "ci": None,
        },
        "next": {"text": "git pull --ff-only", "program": "git", "words": ["pull", "--ff-only"]},
    }


def follow_nothing(repo: ReleaseRepo) -> None:
    repo.project.git("branch", "--unset-upstream")


def change_files(repo: ReleaseRepo) -> None:
    repo.project.write({"README.md": "Changed.\n", "new.txt": "New.\n"})


def remove_fragments(repo: ReleaseRepo) -> None:
    repo.project.git("rm", "-q", "changelog.d/*.md")
    repo.project.git("commit", "-q", "-m", "Remove the fragments")


FRAGMENTS = "fragments  2, for a minor release: 1.3.0"
UP_TO_DATE = "branch     main to origin/main: 0 ahead, 0 behind"
RELEASE = "next       invoke release --part minor"
STATES: dict[Callable[[ReleaseRepo], None], tuple[str, ...]] = {
    follow_nothing: (
        FRAGMENTS,
        "branch     main, which follows no branch of a remote",
        "next       git branch --set-upstream-to=origin/main: branch main follows no branch of a remote",
    ),
    fall_behind: (
        FRAGMENTS,
        "branch     main to origin/main: 0 ahead, 1 behind",
        "next       git pull --ff-only: main lacks 1 commit of origin/main",
    ),
    change_files: (
        FRAGMENTS,
        UP_TO_DATE,
        "changes    not committed, so not part of a release: README.md, new.txt",
        RELEASE,
    ),
    remove_fragments: (
        "fragments  none",
        "branch     main to origin/main: 1 ahead, 0 behind",
        "next       invoke news feature 'What is new.': a release needs a note for its changelog entry",
    ),
}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_status_has_a_line_for_each_fact(repo: ReleaseRepo, state: Callable[[ReleaseRepo], None]) -> None:
    state(repo)
    status = repo.project.invoke("status").output.splitlines()[1:]
    assert status == [line.format(root=repo.project.root) for line in STATES[state]]


def test_tag_of_a_commit_that_was_amended_is_not_pushed(repo: ReleaseRepo) -> None:
    for step in (("bump", "--part", "minor"), ("changelog",)):
        assert repo.project.invoke(*step).returncode == 0
    repo.project.commit("Release 1.3.0")
    assert repo.project.invoke("tag").returncode == 0
    repo.project.git("commit", "-q", "--amend", "-m", "Release 1.3.0, at last")
    before = repo.state()
    ran = repo.project.invoke("push")
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.message == lines(
        f"""
        seatrial: the tag v1.3.0 is at a commit that main does not contain
        fix:  git tag -d v1.3.0, then: invoke tag
        {READ}TagNotOnBranch
        """
    )


def test_tag_of_another_version_than_the_files_have_is_refused(repo: ReleaseRepo) -> None:
    before = repo.state()
    ran = repo.project.invoke("tag", "1.3.0")
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.message == lines(
        f"""
        seatrial: the tag is to be of 1.3.0, and the files have 1.2.3
        fix:  invoke bump --version 1.3.0, and commit
        {READ}VersionsDisagree
        """
    )


def test_tag_without_the_fragments_in_the_changelog_is_refused_unless_accepted(repo: ReleaseRepo) -> None:
    before = repo.state()
    ran = repo.project.invoke("tag")
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.message == lines(
        f"""
        seatrial: 2 notes for the next release would be missing from the entry of 1.2.3
        fix:  invoke changelog --version 1.2.3, and commit; or all the same: --anyway
        {READ}FragmentsLeft
        """
    )
    assert repo.project.invoke("tag", "--anyway").returncode == 0
    assert repo.project.git("tag").split() == ["v1.2.3"]


def test_steps_by_hand_make_the_same_release(repo: ReleaseRepo, tmp_path: Path) -> None:
    other = repo.copy(tmp_path / "other")
    assert other.release("--part", "minor", "--yes").returncode == 0
    for step in (("bump", "--part", "minor"), ("changelog",)):
        ran = repo.project.invoke(*step)
        assert ran.returncode == 0, ran.output
    repo.project.commit("Release 1.3.0")
    for step in (("tag",), ("push",)):
        ran = repo.project.invoke(*step)
        assert ran.returncode == 0, ran.output
    assert repo.remote.git("rev-parse", "main^{tree}") == other.remote.git("rev-parse", "main^{tree}")
    release_happened(repo)


def test_step_that_fails_leaves_the_files_as_they_were(repo: ReleaseRepo) -> None:
    configure_a_file_without_the_version(repo)
    take_the_marker_away(repo)
    before = repo.state()
    for step in (("bump", "--part", "minor"), ("changelog",)):
        ran = repo.project.invoke(*step)
        assert ran.returncode not in (0, 1), ran.output
        assert not ran.was_a_traceback
        assert repo.state() == before


def test_lock_command_that_fails_leaves_the_files_as_they_were(repo: ReleaseRepo) -> None:
    command = [sys.executable, "-c", "open('pdm.lock', 'a').write('half'); raise SystemExit(3)"]
    repo.project.write(
        {
            "pyproject.toml": repo.read("pyproject.toml") + f"lock = [{json.dumps(command)}]\n",
            "pdm.lock": "whole\n",
        }
    )
    repo.project.commit("Lock")
    before = repo.state()
    ran = repo.project.invoke("bump", "--part", "minor")
    assert ran.returncode == 4, ran.output
    assert repo.state() == before


def test_news_writes_a_fragment_of_a_known_type(repo: ReleaseRepo) -> None:
    assert repo.project.invoke("news", "feature", "New.", "--issue", "#42").returncode == 0
    assert repo.project.invoke("news", "bugfix", "Fixed.").returncode == 0
    names = (path.name for path in (repo.project.root / "changelog.d").iterdir())
    assert sorted(re.sub(r"^\+[0-9a-f]{8}", "+", name) for name in names) == [
        "+.bugfix.md",
        "+fall.bugfix.md",
        "1.feature.md",
        "42.feature.md",
        "README.md",
    ]
    assert repo.read("changelog.d/42.feature.md") == "New.\n"
    written = set((repo.project.root / "changelog.d").iterdir())
    # towncrier leaves an empty file where nothing can be written: on a full disk, or with this limit.
    ran = repo.project.run("sh", "-c", f"ulimit -f 0; exec {sys.executable} -m invoke news feature Lost.")
    assert (ran.returncode, "OSError: [Errno 27] File too large" in ran.output) == (4, True), ran.output
    assert set((repo.project.root / "changelog.d").iterdir()) == written
    ran = repo.project.invoke("news", "fetaure", "New.")
    assert ran.returncode == 5
    assert normalised(ran.output) == lines(
        f"""
        seatrial: pyproject.toml has no fragment type 'fetaure'; did you mean feature?
        fix:  invoke news feature New.
        {READ}FragmentTypeUnknown
        """
    )


def test_entry_can_be_longer_than_an_argument_may_be(repo: ReleaseRepo) -> None:
    entry = "A tide that rises for a very long time. " * 4_000
    repo.project.write({"changelog.d/2.feature.md": f"{entry.strip()}\n"})
    repo.project.commit("Write a book")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert len(repo.remote.git("tag", "--list", "--format=%(contents)", "v1.3.0")) > 131_072
