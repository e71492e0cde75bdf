"""After the merge: the commit is found whatever the way of merging, compared, tagged, and the tag is pushed alone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Callable

import pytest

from errors_raised import raises_error
from forge_merges import (
    WAYS,
    by_fast_forward,
    by_merge_commit,
    by_merge_queue,
    by_rebase,
    by_squash,
    by_squashing_queue,
    commit_on_main,
    forge,
    merge,
    protect,
)
from preflight_in_process import enter
from release_repo import PUBLISHING, ReleaseRepo, made_once, make_release_repo, scratch_clones
from sample_project import HERE, lines, normalised
from seatrial.events import Progress
from seatrial.git.repository import read_repository
from seatrial.release.merged import MergedRelease, find_merged_release
from seatrial.release.preconditions import check_preconditions
from seatrial.release.request_branch import may_have_request

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import RunResult

pytestmark = pytest.mark.slow

READ = "more: seatrial explain "
NOT_AGAIN = "has the tree that was verified: it is not verified again"
Way = Callable[[ReleaseRepo, str], None]


def _make_requested(folder: Path) -> None:
    repo = make_release_repo(folder, "uv_build")
    repo.project.git("tag", "-a", "-m", "tidepool 1.2.3", "v1.2.3")
    repo.project.git("push", "-q", "origin", "v1.2.3")
    protect(repo)
    ran = repo.release("--pull-request", "--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output


@pytest.fixture
def requested(tmp_path: Path) -> ReleaseRepo:
    """Return a project with an open request of 1.3.0, and a branch that takes no push."""
    return made_once("protected-requested-port", _make_requested).copy(tmp_path / "port")


def unprotected(repo: ReleaseRepo, act: Callable[[], None]) -> None:
    """Do what the forge itself may do."""
    hook = repo.remote.root / "hooks/update"
    hook.rename(hook.with_suffix(".off"))
    act()
    hook.with_suffix(".off").rename(hook)


def released(repo: ReleaseRepo, *args: str) -> str:
    ran = repo.release("--yes", *args)
    assert ran.returncode == 0, ran.output
    return ran.output


def refused(repo: ReleaseRepo, *args: str) -> str:
    before = repo.state()
    ran: RunResult = repo.release("--yes", *args)
    assert ran.returncode == 5, ran.output
    assert not ran.was_a_traceback
    assert repo.state() == before
    return normalised(ran.message, root=repo.project.root)


def merged_release(repo: ReleaseRepo) -> MergedRelease:
    """Return the release that was merged and has no tag, as this process reads it, whose environment is a project's."""
    preconditions = check_preconditions(read_repository(repo.project.root)).on_remote_branch()
    release = find_merged_release(preconditions, tests=False)
    assert release is not None
    return release


def tagged_commit(repo: ReleaseRepo) -> str:
    """Return the commit of v1.3.0 on the remote, of which the branch has it, and no other ref moved."""
    commit = repo.remote.git("rev-parse", "v1.3.0^{commit}").strip()
    assert repo.remote.git("cat-file", "-t", "v1.3.0") == "tag\n"
    assert repo.remote.run("git", "merge-base", "--is-ancestor", commit, "main").returncode == 0
    assert 'version = "1.3.0"' in repo.remote.git("show", "v1.3.0:pyproject.toml")
    assert repo.remote.git("tag").split() == ["v1.2.3", "v1.3.0"]
    # The checkout has followed.
    assert repo.project.git("rev-parse", "v1.3.0") == repo.remote.git("rev-parse", "v1.3.0")
    assert repo.project.git("rev-parse", "main") == repo.remote.git("rev-parse", "main")
    assert scratch_clones(repo) == []
    assert not (repo.project.root / ".git/seatrial/request.json").exists()
    assert not (repo.project.root / ".git/seatrial-release.json").exists()
    return commit


@pytest.mark.selection
@pytest.mark.parametrize("way", [*WAYS, by_fast_forward])
def test_commit_with_the_verified_tree_is_tagged_and_not_verified_again(requested: ReleaseRepo, way: Way) -> None:
    """No fast test can show it: git merges, and a tag is pushed."""
    verified = requested.remote.git("rev-parse", "release/1.3.0").strip()
    unprotected(requested, lambda: merge(requested, way))
    output = released(requested)
    assert NOT_AGAIN in output
    assert "build:" not in output
    tip = requested.remote.git("rev-parse", "main").strip()
    keeps_it = way in {by_merge_commit, by_fast_forward}
    assert tagged_commit(requested) == (verified if keeps_it else tip)
    card = re.sub(r"in \d+ s", "in N s", output[output.index("tidepool 1.3.0 is released") :])
    assert card == lines(
        """
        tidepool 1.3.0 is released, in N s
        pushed   v1.3.0 to origin
        CI       no file listens to tags
        next     invoke publish --version 1.3.0
        """
    )


def test_message_of_the_tag_has_the_entry(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    released(requested)
    message = requested.remote.git("for-each-ref", "--format=%(contents)", "refs/tags/v1.3.0").strip()
    assert message.startswith("tidepool 1.3.0\n\n## 1.3.0\n\n### Features\n\n- Tides rise. (#1)")


@pytest.mark.parametrize("way", [by_squash, by_rebase])
def test_commit_with_another_tree_is_verified_again(requested: ReleaseRepo, way: Way) -> None:
    def act() -> None:
        commit_on_main(requested, {"src/tidepool/more.py": "MORE = 1\n"}, "Add more")
        merge(requested, way)

    unprotected(requested, act)
    output = released(requested)
    (between,) = re.findall(r"1 commit came in since it was verified:\n  (.*)", output)
    assert between.endswith(" Add more")
    assert "build: " in output
    assert tagged_commit(requested) == requested.remote.git("rev-parse", "main").strip()


def test_merge_commit_leaves_what_came_in_between_to_the_next_release(requested: ReleaseRepo) -> None:
    verified = requested.remote.git("rev-parse", "release/1.3.0").strip()

    def act() -> None:
        commit_on_main(requested, {"changelog.d/9.feature.md": "Tides turn.\n"}, "Turn")
        merge(requested, by_merge_commit)

    unprotected(requested, act)
    output = released(requested)
    assert NOT_AGAIN in output
    assert tagged_commit(requested) == verified


@pytest.mark.parametrize("way", [by_squash, by_rebase])
def test_fragments_that_came_in_between_are_not_left_out_of_the_entry(requested: ReleaseRepo, way: Way) -> None:
    def act() -> None:
        commit_on_main(requested, {"changelog.d/9.feature.md": "Tides turn.\n"}, "Turn")
        merge(requested, way)

    unprotected(requested, act)
    assert refused(requested) == lines(
        f"""
        seatrial: 1 note came in with the merge of 1.3.0 and would be missing from its entry: changelog.d/9.feature.md
        fix:  put them into the entry with another request; or leave them to the next release: invoke release --anyway
        {READ}FragmentsLeft
        """
    )
    released(requested, "--anyway")
    tagged_commit(requested)


@pytest.mark.parametrize("way", WAYS)
def test_commits_after_the_merge_are_not_in_the_release(requested: ReleaseRepo, way: Way) -> None:
    def act() -> None:
        merge(requested, way)
        commit_on_main(requested, {"changelog.d/9.feature.md": "Tides turn.\n"}, "Turn")

    unprotected(requested, act)
    output = released(requested)
    assert NOT_AGAIN in output
    turn = requested.remote.git("rev-parse", "--short=12", "main").strip()
    assert f"\nnot in   1 commit of main that came after it:\n           {turn} Turn\n" in output
    commit = tagged_commit(requested)
    assert commit != requested.remote.git("rev-parse", "main").strip()
    assert requested.remote.run("git", "cat-file", "-e", f"{commit}:changelog.d/9.feature.md").returncode


@pytest.mark.parametrize("way", WAYS)
def test_another_machine_verifies_it_itself(requested: ReleaseRepo, way: Way) -> None:
    unprotected(requested, lambda: merge(requested, way))
    other = requested.clone("second")
    output = released(ReleaseRepo(other.project), "--pull-request")
    assert "build: " in output
    assert requested.remote.git("tag").split() == ["v1.2.3", "v1.3.0"]


def test_request_without_its_tests_is_verified_again_with_them(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    ran = requested.project.invoke("release", "--yes")
    assert ran.returncode == 0, ran.output
    assert f"✓ tests-{HERE}" in ran.output
    tagged_commit(requested)


def test_what_somebody_added_to_the_request_is_in_the_release(requested: ReleaseRepo) -> None:
    hand = requested.clone("hand").project
    hand.git("checkout", "-q", "release/1.3.0")
    hand.write({"README.md": "# tidepool, better\n"})
    hand.commit("Write it better")
    hand.git("push", "-q")
    unprotected(requested, lambda: merge(requested, by_merge_commit))
    output = released(requested)
    assert "Write it better" in output
    assert "build: " in output
    commit = tagged_commit(requested)
    assert requested.remote.git("show", f"{commit}:README.md") == "# tidepool, better\n"


def test_tag_task_tags_it_too(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    ran = requested.project.invoke("tag", "--merged", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert tagged_commit(requested) == requested.remote.git("rev-parse", "main").strip()


def test_tag_task_without_a_merge(requested: ReleaseRepo) -> None:
    before = requested.state()
    ran = requested.project.invoke("tag", "--merged")
    assert ran.returncode == 5
    assert requested.state() == before
    assert normalised(ran.message) == lines(
        f"""
        seatrial: every release that was merged has its tag
        fix:  merge the request of a release first; the state: invoke status
        {READ}NothingMerged
        """
    )


def test_merge_of_an_old_request_after_a_newer_release(requested: ReleaseRepo) -> None:
    def act() -> None:
        other = requested.clone("hasty").project
        for name in ("pyproject.toml", "src/tidepool/__init__.py"):
            text = (other.root / name).read_text()
            other.write({name: text.replace("1.2.3", "1.4.0")})
        other.commit("Release 1.4.0")
        other.git("tag", "-a", "-m", "1.4.0", "v1.4.0")
        other.git("push", "-q", "origin", "main", "v1.4.0")
        forge = requested.clone("merging").project
        forge.git("merge", "-q", "-X", "theirs", "-m", "Merge it", "origin/release/1.3.0")
        forge.git("push", "-q", "origin", "main")

    unprotected(requested, act)
    # The tag of 1.4.0 is not here: the remote is asked.
    message = refused(requested)
    assert message.startswith("seatrial: 1.3.0 was merged after 1.4.0 was released, whose tag v1.4.0 is on origin")
    fix = "release --pull-request --version 1.4.1 --allow-empty"
    assert message.endswith(f"fix:  invoke {fix}\n{READ}MergedTooLate\n")
    status = json.loads(requested.project.invoke("status", "--json").output)
    assert (status["request"]["state"], status["next"]["text"]) == ("too_late", f"invoke {fix}")
    released(requested, *fix.split()[1:])
    assert 'version = "1.4.1"' in requested.remote.git("show", "release/1.4.1:pyproject.toml")


def test_version_that_was_tagged_meanwhile_is_over(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    other = requested.clone("second")
    other.project.git("tag", "-a", "-m", "tidepool 1.3.0", "v1.3.0")
    other.project.git("push", "-q", "origin", "v1.3.0")
    ran = requested.project.invoke("tag", "--merged")
    assert ran.returncode == 5
    assert "NothingMerged" in ran.output


def test_another_version_waits_for_the_tag(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    message = refused(requested, "--version", "1.5.0")
    assert message == lines(
        f"""
        seatrial: 1.3.0 was merged and has no tag yet, so 1.5.0 can't be released
        fix:  invoke release, which tags 1.3.0
              or leave 1.3.0 without a tag: invoke release --version 1.5.0 --anyway
        {READ}MergedNotTagged
        """
    )
    ran = requested.release("--part", "major", "--dry-run")
    assert ran.returncode == 0, ran.output
    assert "--part major is left out: 1.3.0 was merged, and is tagged first\n" in ran.output
    assert "\ntag      v1.3.0\n" in ran.output


@pytest.mark.parametrize("way", [by_merge_commit, by_squash])
def test_development_version_after_the_merge_hides_no_release(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    def act() -> None:
        merge(requested, way)
        names = ("pyproject.toml", "src/tidepool/__init__.py")
        files = {name: requested.show(name).replace("1.3.0", "1.4.0.dev0") for name in names}
        commit_on_main(requested, files, "Go on")

    verified = requested.remote.git("rev-parse", "release/1.3.0").strip()
    unprotected(requested, act)
    enter(requested.project, monkeypatch)
    squashed = requested.remote.git("rev-parse", "main~1").strip()
    expected = verified if way is by_merge_commit else squashed
    for is_verified in (True, False):
        release = merged_release(requested)
        assert (str(release.version), release.commit.commit, release.is_verified) == ("1.3.0", expected, is_verified)
        # Another machine has no note.
        (requested.project.root / ".git/seatrial/request.json").unlink(missing_ok=True)


def test_merge_that_was_reverted_is_no_release(requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    def act() -> None:
        merge(requested, by_rebase)
        other = forge(requested).project
        other.git("revert", "--no-edit", "HEAD")
        other.git("push", "-q", "origin", "main")

    unprotected(requested, act)
    enter(requested.project, monkeypatch)
    assert find_merged_release(check_preconditions(read_repository(requested.project.root)).on_remote_branch()) is None


def raise_on_main(repo: ReleaseRepo, old: str, new: str) -> None:
    """Let somebody else merge another release, whose commit has no trailers."""
    files = {name: repo.show(name).replace(old, new) for name in ("pyproject.toml", "src/tidepool/__init__.py")}
    files["CHANGELOG.md"] = repo.show("CHANGELOG.md").replace("\n## 1.3.0", f"\n## {new}\n\n- Turns.\n\n## 1.3.0")
    commit_on_main(repo, files, "Next")


@pytest.mark.parametrize("way", [by_merge_commit, by_squash])
def test_older_of_two_merged_releases_comes_first(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    def act() -> None:
        merge(requested, way)
        raise_on_main(requested, "1.3.0", "1.4.0")

    unprotected(requested, act)
    setting = '[tool.seatrial]\nthrough = "pull-request"\n'
    requested.project.write({"pyproject.toml": requested.read("pyproject.toml").replace("[tool.seatrial]\n", setting)})
    status = json.loads(requested.project.invoke("status", "--json").output)
    requested.project.git("checkout", "-q", ".")
    assert (status["request"]["version"], status["request"]["later"]) == ("1.3.0", ["1.4.0"])
    assert "MergedNotTagged" in refused(requested, "--version", "1.4.0")
    output = released(requested, "--pull-request")
    assert NOT_AGAIN in output
    later = [line for line in output.splitlines() if line.startswith("later")]
    assert later == ["later    1.4.0, merged without a tag too: invoke tag --merged"] * 2
    tagged_commit(requested)
    enter(requested.project, monkeypatch)
    release = merged_release(requested)
    assert (str(release.version), release.commit.subject, release.later) == ("1.4.0", "Next", ())


def test_another_release_is_left_without_a_tag_when_the_user_wants_that(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        merge(requested, by_squash)
        raise_on_main(requested, "1.3.0", "1.4.0")

    unprotected(requested, act)
    enter(requested.project, monkeypatch)
    preconditions = check_preconditions(read_repository(requested.project.root)).on_remote_branch()
    for version, expected, older in (
        ("1.2.9", ("1.3.0", ["1.4.0"]), []),
        ("1.3.0", ("1.3.0", ["1.4.0"]), []),
        ("1.4.0", ("1.4.0", []), ["1.3.0"]),
        ("1.5.0", None, ["1.3.0", "1.4.0"]),
    ):
        notes: list[str] = []
        release = find_merged_release(preconditions, version=version, passed_over=Progress.of_texts(notes.append))
        assert (release and (str(release.version), [*map(str, release.later)])) == expected
        assert notes == [f"{each} was merged and stays without a tag (--anyway)" for each in older]
    assert refused(requested, "--version", "1.5.0", "--pull-request") == lines(
        f"""
        seatrial: 1.3.0, 1.4.0 were merged and have no tag yet, so 1.5.0 can't be released
        fix:  invoke release --pull-request, which tags 1.3.0
              or leave 1.3.0, 1.4.0 without a tag: invoke release --pull-request --version 1.5.0 --anyway
        {READ}MergedNotTagged
        """
    )


def test_release_that_was_reverted_before_the_next_is_none(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its entry stays in the changelog, and the trailers in the history."""

    def act() -> None:
        merge(requested, by_rebase)
        names = ("pyproject.toml", "src/tidepool/__init__.py")
        commit_on_main(requested, {name: requested.show(name).replace("1.3.0", "1.2.3") for name in names}, "Revert")
        raise_on_main(requested, "1.2.3", "1.4.0")

    unprotected(requested, act)
    enter(requested.project, monkeypatch)
    release = merged_release(requested)
    assert (str(release.version), release.later) == ("1.4.0", ())


def test_version_without_its_entry_is_not_taken_for_the_merge_of_its_request(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("pyproject.toml", "src/tidepool/__init__.py")
    files = {name: requested.show(name).replace("1.2.3", "1.3.0") for name in names}
    unprotected(requested, lambda: commit_on_main(requested, files, "Raise it by hand"))
    enter(requested.project, monkeypatch)
    preconditions = check_preconditions(read_repository(requested.project.root)).on_remote_branch()
    assert find_merged_release(preconditions, is_usual=False) is None


def test_project_that_can_not_be_read_after_the_merge_is_reported(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        commit_on_main(requested, {"src/tidepool/_version.py": '__version__ = "1.2.3"\n'}, "Another version")
        merge(requested, by_squash)

    unprotected(requested, act)
    enter(requested.project, monkeypatch)
    preconditions = check_preconditions(read_repository(requested.project.root)).on_remote_branch()
    with raises_error("VersionsDisagree"):
        find_merged_release(preconditions)
    assert find_merged_release(preconditions, is_lenient=True) is None


def test_tag_that_only_this_repository_has_is_no_newer_release(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    requested.project.git("tag", "v1.3.0")
    enter(requested.project, monkeypatch)
    with raises_error("TagTaken", match="git tag -d v1.3.0"):
        merged_release(requested)


def test_merged_release_is_seen_where_its_request_was_not_made(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its message, here or on the branch that is followed; and no more once it has its tag."""
    note = requested.project.root / ".git/seatrial/request.json"
    enter(requested.project, monkeypatch)
    assert may_have_request(read_repository(requested.project.root))
    note.unlink()
    assert not may_have_request(read_repository(requested.project.root))
    unprotected(requested, lambda: merge(requested, by_merge_commit))
    requested.project.git("fetch", "-q")
    assert may_have_request(read_repository(requested.project.root))
    requested.project.git("tag", "v1.3.0", "origin/main^2")
    assert not may_have_request(read_repository(requested.project.root))


def test_release_branch_that_is_checked_out_is_no_merge(requested: ReleaseRepo) -> None:
    """The branch that it follows has the release; when it is deleted, it follows none."""
    requested.project.git("fetch", "-q")
    requested.project.git("checkout", "-q", "release/1.3.0")
    status = json.loads(requested.project.invoke("status", "--json").output)
    assert (status["request"]["state"], status["next"]["text"]) == ("unknown", "git switch main")
    assert status["request"]["reason"] == "releases are made from main, and release/1.3.0 is checked out"
    for code in ("WrongBranch", "NoUpstream"):
        ran = requested.project.invoke("tag", "--merged", "--no-tests")
        assert (ran.returncode, ran.message.splitlines()[-1]) == (5, f"{READ}{code}")
        requested.remote.run("git", "branch", "-D", "release/1.3.0")


@pytest.mark.parametrize(
    ("act", "code"),
    [(("checkout", "-q", "--detach"), "DetachedHead"), (("fetch", "-q", "--depth", "1"), "ShallowClone")],
)
def test_clone_in_which_no_merge_can_be_seen_is_reported(
    requested: ReleaseRepo, act: tuple[str, ...], code: str
) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    requested.project.git("remote", "set-url", "origin", f"file://{requested.remote.root}")
    requested.project.git(*act)
    ran = requested.project.invoke("tag", "--merged", "--no-tests")
    assert (ran.returncode, ran.message.splitlines()[-1]) == (5, f"{READ}{code}")


def test_dry_run_after_the_merge_changes_nothing(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    before = requested.state()
    output = released(requested, "--dry-run")
    assert requested.state() == before
    assert output.endswith("Nothing was pushed, and nothing is left.\n")


def test_direct_release_is_possible_while_a_request_is_open(repo: ReleaseRepo) -> None:
    assert repo.release("--pull-request", "--part", "minor", "--yes").returncode == 0
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert repo.remote.git("rev-parse", "main") == repo.remote.git("rev-parse", "v1.3.0^{commit}")


def test_broken_note_means_that_it_is_verified_again(requested: ReleaseRepo) -> None:
    unprotected(requested, lambda: merge(requested, by_squash))
    note = requested.project.root / ".git/seatrial/request.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "tree": "0" * 40}))
    assert "build: " in released(requested)
    tagged_commit(requested)


def test_merge_queue_keeps_the_commit_that_was_verified(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = requested.remote.git("rev-parse", "release/1.3.0").strip()
    unprotected(requested, lambda: merge(requested, by_merge_queue))
    enter(requested.project, monkeypatch)
    release = merged_release(requested)
    assert (release.commit.commit, release.is_verified, release.between) == (verified, True, ())
    assert release.merged.subject == "Merge #7 into main"


def test_queue_that_squashes_makes_a_commit_that_is_verified_again(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    unprotected(requested, lambda: merge(requested, by_squashing_queue))
    enter(requested.project, monkeypatch)
    release = merged_release(requested)
    assert release.commit.commit == requested.remote.git("rev-parse", "main").strip()
    assert not release.is_verified
    assert [line.partition(" ")[2] for line in release.between] == ["Theirs (#6)"]


def test_marker_in_the_merged_commit_is_passed_over_with_the_next_commit(
    requested: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def squash(other: ReleaseRepo, branch: str) -> None:
        other.project.git("merge", "-q", "--squash", f"origin/{branch}")
        other.project.git("commit", "-q", "-m", "Release 1.3.0 (#7) [skip ci]")

    def act() -> None:
        commit_on_main(requested, {".github/workflows/release.yml": PUBLISHING}, "Publish")
        merge(requested, squash)

    unprotected(requested, act)
    commit = requested.remote.git("rev-parse", "--short=12", "main").strip()
    assert refused(requested) == lines(
        f"""
        seatrial: {commit}, which was merged, has [skip ci] in its message, so CI would not run for the tag, and \
nothing would be published
        fix:  merge another commit without it, an empty one is enough; then: invoke release, which tags that
        {READ}CiSkipped
        """
    )
    unprotected(requested, lambda: commit_on_main(requested, message="Also [no ci]"))
    unprotected(requested, lambda: commit_on_main(requested, {"more.md": "# More\n"}, "More"))
    enter(requested.project, monkeypatch)
    assert merged_release(requested).commit.subject == "More"


def test_all_sessions_run_after_the_merge_too(requested: ReleaseRepo) -> None:
    """No fast test can show it: the sessions of a merged commit run, up to the last."""
    later = "\n\n@nox.session(tags=['release'], python=False)\ndef later(session):\n    print('later ran')\n"
    files = {
        "tests/test_tidepool.py": "def test_it() -> None:\n    assert 1 + 1 == 3\n",
        "noxfile.py": requested.read("noxfile.py") + later,
    }

    def act() -> None:
        commit_on_main(requested, files, "Break")
        merge(requested, by_squash)

    unprotected(requested, act)
    before = requested.state()
    ran = requested.project.invoke("release", "--yes", "--keep-going")
    assert (ran.returncode, requested.state()) == (5, before), ran.output
    assert "✓ later" in ran.output
    assert f"{READ}VerificationFailed\n" in ran.output


def test_two_people_who_tag_at_once(requested: ReleaseRepo) -> None:
    """No fast test can show it: the second pushes its tag between the look and the push of the first."""
    unprotected(requested, lambda: merge(requested, by_squash))
    other = requested.clone("second").project
    other.git("tag", "-a", "-m", "Theirs", "v1.3.0")
    hook = requested.project.root / ".git/hooks/pre-push"
    hook.write_text(
        f'#!/bin/sh\ncd "{other.root}"\nunset $(git rev-parse --local-env-vars)\ngit push -q origin v1.3.0\n'
    )
    hook.chmod(0o755)
    before = requested.state()
    ran = requested.release("--yes")
    assert ran.returncode == 5, ran.output
    commit = requested.remote.git("rev-parse", "--short=12", "main").strip()
    assert ran.message == lines(
        f"""
        seatrial: somebody else has pushed the tag v1.3.0 to origin meanwhile, at the same commit, {commit}; \
this one was not pushed
        fix:  git pull --rebase, then take the tag: git fetch --force origin refs/tags/v1.3.0:refs/tags/v1.3.0
              then see what is left to release: invoke status
        {READ}PushRefused
        """
    )
    after = requested.state()
    assert (after.files, after.head, after.refs) == (before.files, before.head, before.refs)
    assert requested.remote.git("for-each-ref", "--format=%(contents)", "refs/tags/v1.3.0").strip() == "Theirs"
    hook.unlink()
    # The release is over: theirs is the one.
    assert "NothingMerged" in requested.project.invoke("tag", "--merged").output
