"""Two packages in one repository: each has its own tags, changelog and files of CI, and leaves the other alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject
from sample_projects import two_packages

if TYPE_CHECKING:
    from pathlib import Path

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Return a repository with the packages foo and bar in it, which CI publishes, and a remote that has both."""
    made = two_packages().copy(tmp_path / "port")
    (made.project.root / ".github").mkdir()
    for name in ("foo", "bar"):
        assert 'tag = "{name}-v{version}"' in made.read(f"packages/{name}/pyproject.toml")
        assert made.project.seatrial("workflows", "--project", f"packages/{name}").returncode == 0
    made.project.commit("Publish both from CI")
    made.project.git("push", "-q")
    return made


def changed(repo: ReleaseRepo) -> list[str]:
    """Return the subject of the newest commit on the remote, and the files that it changes."""
    output = repo.remote.git("show", "--format=%s", "--name-only", "main").splitlines()
    return [line for line in output if line]


def released(name: str) -> list[str]:
    """Return the files of a package that a release of it changes."""
    files = ("CHANGELOG.md", "changelog.d/+first.feature.md", "changelog.d/.gitkeep", f"src/{name}/__init__.py")
    return [f"packages/{name}/{file}" for file in files]


@pytest.mark.selection
def test_each_is_released_with_its_own_tag_and_changelog_and_nothing_of_the_other(repo: ReleaseRepo) -> None:
    project, unfinished = repo.project, repo.project.root / "packages/bar/src/bar/__init__.py"
    before = unfinished.read_text()
    unfinished.write_text(before + "UNFINISHED = 1\n")
    ran = project.seatrial("release", "--project", "packages/foo", "--part", "minor", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert "CI       .github/workflows/release-foo.yml publishes it\n" in ran.output
    assert changed(repo) == ["Release foo 0.1.0", *released("foo")]
    assert unfinished.read_text() == before + "UNFINISHED = 1\n"
    unfinished.write_text(before)
    other = SampleProject(project.root / "packages/bar", project.environ)
    ran = other.invoke("release", "--part", "patch", "--anyway", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert "CI       .github/workflows/release-bar.yml publishes it\n" in ran.output
    assert changed(repo) == ["Release bar 0.0.1", *released("bar")]
    assert repo.remote.git("tag").split() == ["bar-v0.0.1", "foo-v0.1.0"]
    assert "## 0.1.0" in repo.show("packages/foo/CHANGELOG.md")
    assert "## 0.0.1" in repo.show("packages/bar/CHANGELOG.md")
    output = project.seatrial("status", "--project=packages/foo").output
    assert output.startswith("foo 0.1.0, 0 commits since foo-v0.1.0\n"), output
    checks_and_files_of_ci_of_each_are_its_own(project)


def checks_and_files_of_ci_of_each_are_its_own(project: SampleProject) -> None:
    """See that each is judged by its own; to begin both packages once more would take as long as this does."""
    for name in ("foo", "bar"):
        same = project.seatrial("--project", f"packages/{name}", "workflows", "--check")
        files = f".github/workflows/ci-{name}.yml, .github/workflows/release-{name}.yml, .github/dependabot.yml"
        assert same.output.splitlines()[-1] == f"{files}: up to date"
        publisher = project.seatrial("trusted-publisher", "--project", f"packages/{name}").output
        assert f"release-{name}.yml" in publisher
    project.write({f"{folder}notes.txt": "Unfinished\n" for folder in ("", "docs/", "packages/foo/", "packages/bar/")})
    judged = project.seatrial("preflight", "--part", "minor", "--allow-empty", "--project", "packages/foo")
    assert judged.returncode == 0, judged.output
    assert "foo 0.2.0, tag foo-v0.2.0" in judged.output
    assert "CI0" not in judged.output
    warned = judged.output[judged.output.index("GIT016") :].splitlines()[:2]
    assert warned == [
        "GIT016  not committed: docs/, notes.txt, packages/foo/notes.txt",
        "  fix: git add --all && git commit, if it belongs to the release",
    ]


def test_missing_folder_is_named(project: SampleProject) -> None:
    ran = project.seatrial("status", "--project", "packages/foo")
    assert (ran.returncode, ran.output.splitlines()[0]) == (
        2,
        f"seatrial: the folder {project.root / 'packages/foo'} does not exist",
    )
