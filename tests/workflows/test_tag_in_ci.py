"""A tag is that of the project, its changelog, its files and its branch; and a run has a version of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from errors_raised import raises_error
from release_repo import ReleaseRepo, make_release_repo
from seatrial.workflows.tag_in_ci import ReleaseTag

if TYPE_CHECKING:
    from pathlib import Path


NEWS = """\
# Changelog

<!-- towncrier release notes start -->

## [1.2.3](https://example.invalid/v1.2.3) - 2024-02-29

### Features

- Tides rise.

## 1.2.2

- Older.
"""


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> ReleaseRepo:
    """Return a project whose version has a tag and an entry: each test changes a copy."""
    made = make_release_repo(tmp_path_factory.mktemp("tagged"))
    made.project.write({"CHANGELOG.md": NEWS})
    made.project.commit("Release 1.2.3")
    made.project.git("push", "-q")
    made.project.git("tag", "-a", "v1.2.3", "-m", "tidepool 1.2.3")
    return made


@pytest.fixture
def repo(tagged: ReleaseRepo, tmp_path: Path) -> ReleaseRepo:
    """Return a copy of that project."""
    return tagged.copy(tmp_path / "port")


def refusal(repo: ReleaseRepo, tag: str, branch: str = "origin/main", *, built: bool = False) -> str:
    with raises_error("TagUnfit") as raised:
        ReleaseTag.of(repo.project.root).require_match(tag, branch, built=built)
    return raised.value.what


def merged(repo: ReleaseRepo, version: str = "1.3.0", *, has_entry: bool = True) -> str:
    """Commit a version as a merge would bring it, and return the commit before."""
    before = repo.project.git("rev-parse", "HEAD").strip()
    for name in ("pyproject.toml", "src/tidepool/__init__.py"):
        text = repo.read(name)
        repo.project.write({name: re.sub(r"1\.\d\.\d", version, text)})
    if has_entry:
        head = "<!-- towncrier release notes start -->\n"
        repo.project.write({"CHANGELOG.md": NEWS.replace(head, f"{head}\n## {version}\n\n- New.\n")})
    repo.project.commit(f"Release {version} (#7)")
    return before


def tag_of(repo: ReleaseRepo, before: str) -> str | None:
    return ReleaseTag.of(repo.project.root).merged_release(before)


def test_push_that_brings_a_version_with_its_entry_is_a_release(repo: ReleaseRepo) -> None:
    before = merged(repo)
    release = repo.project.git("rev-parse", "HEAD").strip()
    assert tag_of(repo, before) == "v1.3.0"
    assert repo.project.git("worktree", "list").count("\n") == 1
    for unknown in ("0" * 40, "1" * 40):
        assert tag_of(repo, unknown) is None
    repo.project.commit("Another change")
    assert tag_of(repo, release) is None
    # Both came with one push, as those of a merge queue can: the tag is of the last commit, which is tested.
    assert tag_of(repo, before) == "v1.3.0"
    # A run that failed half-way has tagged it.
    repo.project.git("tag", "-a", "v1.3.0", "-m", "tidepool 1.3.0")
    assert tag_of(repo, before) == "v1.3.0"
    repo.project.git("tag", "-f", "v1.3.0", repo.project.git("commit-tree", "-m", "x", "HEAD^{tree}").strip())
    assert tag_of(repo, before) is None


def test_release_before_that_has_no_tag_is_named(repo: ReleaseRepo) -> None:
    merged(repo)
    before = merged(repo, "1.4.0")
    assert tag_of(repo, before) == "v1.4.0"
    assert ReleaseTag.of(repo.project.root).untagged_release(before) is None
    entry = "## 1.4.0\n\n- New.\n\n## 1.3.0\n"
    repo.project.write({"CHANGELOG.md": repo.read("CHANGELOG.md").replace("## 1.4.0\n", entry)})
    assert ReleaseTag.of(repo.project.root).untagged_release(before) == "v1.3.0"
    repo.project.git("tag", "v1.3.0", before)
    assert ReleaseTag.of(repo.project.root).untagged_release(before) is None


@pytest.mark.parametrize(("version", "has_entry"), [("1.3.0", False), ("1.3.0.dev0", True), ("1.2.2", True)])
def test_version_that_is_none_to_release_is_no_release(repo: ReleaseRepo, version: str, *, has_entry: bool) -> None:
    assert tag_of(repo, merged(repo, version, has_entry=has_entry)) is None


def test_version_that_comes_from_the_tag_is_an_error(repo: ReleaseRepo) -> None:
    text = repo.read("pyproject.toml").replace('version = "1.2.3"', 'dynamic = ["version"]')
    repo.project.write({"pyproject.toml": f'{text}\n[tool.hatch.version]\nsource = "vcs"\n'})
    repo.project.commit("Take the version from the tag")
    with raises_error("PyprojectInvalid"):
        tag_of(repo, "HEAD^")


def test_tag_that_fits_is_the_version(repo: ReleaseRepo) -> None:
    assert ReleaseTag.of(repo.project.root).require_match("v1.2.3", "origin/main", built=False) == Version("1.2.3")
    repo.project.write({"dist/tidepool-1.2.3.tar.gz": "", "dist/tidepool-1.2.3-py3-none-any.whl": ""})
    assert ReleaseTag.of(repo.project.root).require_match("v1.2.3", "origin/main", built=True) == Version("1.2.3")


@pytest.mark.slow
def test_task_prints_what_the_workflow_hands_on(repo: ReleaseRepo) -> None:
    """Only the command shows that nothing else is printed: a workflow takes each line for an output."""
    repo.project.write({"dist/tidepool-1.2.3.tar.gz": "", "dist/tidepool-1.2.3-py3-none-any.whl": ""})
    assert repo.project.invoke("ci.verify", "--tag", "v1.2.3", "--built").output == "prerelease=false\n"


def test_all_mismatches_are_reported_together(repo: ReleaseRepo) -> None:
    repo.project.write({"dist/tidepool-1.2.3.tar.gz": "", "README.md": "other\n", "new.txt": ""})
    repo.project.git("tag", "v1.3", "HEAD^")
    here, before = (repo.project.git("rev-parse", "--short=12", name).strip() for name in ("HEAD", "HEAD^"))
    assert refusal(repo, "v1.3", "origin/stable", built=True) == (
        "v1.3 does not fit:\n"
        f"  the tag is at {before}, and {here} is checked out\n"
        "  the branch origin/stable does not exist\n"
        "  README.md is not as it is in the commit\n"
        "  the project says 1.2.3\n"
        "  CHANGELOG.md has no heading with 1.3\n"
        "  tidepool-1.2.3.tar.gz is of another version"
    )


def test_tag_of_another_form_is_no_release_tag(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "nightly")
    assert refusal(repo, "nightly") == "nightly is not a release tag: those look like v{version}"


def test_missing_tag_and_missing_files_are_reported(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "-d", "v1.2.3")
    here = repo.project.git("rev-parse", "--short=12", "HEAD").strip()
    assert refusal(repo, "v1.2.3", built=True) == (
        f"v1.2.3 does not fit:\n  the tag is at no commit, and {here} is checked out\n  nothing lies in dist/"
    )


def test_notes_are_the_entry_without_its_heading(repo: ReleaseRepo) -> None:
    release_tag = ReleaseTag.of(repo.project.root)
    assert release_tag.notes(Version("1.2.3")) == "### Features\n\n- Tides rise.\n"
    assert release_tag.notes(Version("1.2.2")) == "- Older.\n"
    assert release_tag.notes(Version("1.2")) == ""


def test_notes_are_found_in_restructuredtext(repo: ReleaseRepo) -> None:
    text = (
        "Changelog\n=========\n\n1.2.3 (2024)\n------------\n\nFeatures\n~~~~~~~~\n\n- Up.\n\n1.2.2\n-----\n\n- Old.\n"
    )
    repo.project.write({"CHANGELOG.md": text})
    assert ReleaseTag.of(repo.project.root).notes(Version("1.2.3")) == "Features\n~~~~~~~~\n\n- Up.\n"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.3", "1.2.4.dev4201"), ("1.3.0rc1", "1.3.0.dev4201"), ("2.0.0.dev0", "2.0.0.dev4201"), ("1", "2.dev4201")],
)
def test_run_has_a_version_of_its_own(repo: ReleaseRepo, version: str, expected: str) -> None:
    for name in ("pyproject.toml", "src/tidepool/__init__.py"):
        repo.project.write({name: repo.read(name).replace("1.2.3", version)})
    assert str(ReleaseTag.of(repo.project.root).give_own_version(42, 1)) == expected
    assert f'version = "{expected}"' in repo.read("pyproject.toml")
    assert f'__version__ = "{expected}"' in repo.read("src/tidepool/__init__.py")


def test_version_that_comes_from_the_tag_is_given_as_a_tag(repo: ReleaseRepo) -> None:
    pyproject = repo.read("pyproject.toml").replace('version = "1.2.3"', 'dynamic = ["version"]')
    repo.project.write({"pyproject.toml": pyproject + '\n[tool.hatch.version]\nsource = "vcs"\n'})
    repo.project.commit("Take the version from the tag")
    assert str(ReleaseTag.of(repo.project.root).give_own_version(42, 2)) == "1.2.4.dev4202"
    assert repo.project.git("tag", "--points-at", "HEAD") == "v1.2.4.dev4202\n"


def test_tag_that_is_named_like_the_branch_is_not_taken_for_it(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "--detach")
    repo.project.git("commit", "-q", "--allow-empty", "-m", "Not on the branch")
    repo.project.git("tag", "--force", "-a", "v1.2.3", "-m", "tidepool 1.2.3")
    repo.project.git("tag", "origin/main")
    here = repo.project.git("rev-parse", "HEAD")[:12]
    assert refusal(repo, "v1.2.3") == f"v1.2.3 does not fit:\n  {here} is not on origin/main"
    repo.project.git("update-ref", "-d", "refs/remotes/origin/main")
    assert refusal(repo, "v1.2.3") == "v1.2.3 does not fit:\n  the branch origin/main does not exist"
