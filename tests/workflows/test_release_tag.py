"""A tag is that of the project, its changelog, its files and its branch; and a run has a version of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from errors_raised import raises_error
from release_repo import ReleaseRepo, make_release_repo
from seatrial.workflows.release_tag import ReleaseTag

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
        "  there is no branch origin/stable\n"
        "  README.md is not as it is in the commit\n"
        "  the project says 1.2.3\n"
        "  CHANGELOG.md has no heading with 1.3\n"
        "  tidepool-1.2.3.tar.gz is of another version"
    )


def test_tag_of_another_form_is_no_release_tag(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "nightly")
    assert refusal(repo, "nightly") == "nightly is no tag of a release: those look like v{version}"


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
    assert refusal(repo, "v1.2.3") == "v1.2.3 does not fit:\n  there is no branch origin/main"
