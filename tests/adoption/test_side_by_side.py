"""Two packages in one repository: each has its own tags, changelog and files of CI, and leaves the other alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipyard import two_packages
from trial import Trial

if TYPE_CHECKING:
    from pathlib import Path

    from harbour import Harbour

pytestmark = pytest.mark.slow


@pytest.fixture
def port(tmp_path: Path) -> Harbour:
    """Return a repository with the packages foo and bar in it, which CI publishes, and a remote that has both."""
    made = two_packages().copy(tmp_path / "port")
    (made.trial.root / ".github").mkdir()
    for name in ("foo", "bar"):
        assert 'tag = "{name}-v{version}"' in made.read(f"packages/{name}/pyproject.toml")
        assert made.trial.seatrial("workflows", "--project", f"packages/{name}").returncode == 0
    made.trial.commit("Publish both from CI")
    made.trial.git("push", "-q")
    return made


def changed(port: Harbour) -> list[str]:
    """Return the subject of the newest commit on the remote, and the files that it changes."""
    told = port.remote.git("show", "--format=%s", "--name-only", "main").splitlines()
    return [line for line in told if line]


def released(name: str) -> list[str]:
    """Return the files of a package that a release of it changes."""
    files = ("CHANGELOG.md", "changelog.d/+first.feature.md", "changelog.d/.gitkeep", f"src/{name}/__init__.py")
    return [f"packages/{name}/{file}" for file in files]


@pytest.mark.selection
def test_each_is_released_with_its_own_tag_and_changelog_and_nothing_of_the_other(port: Harbour) -> None:
    trial, unfinished = port.trial, port.trial.root / "packages/bar/src/bar/__init__.py"
    before = unfinished.read_text()
    unfinished.write_text(before + "UNFINISHED = 1\n")
    ran = trial.seatrial("release", "--project", "packages/foo", "--part", "minor", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert ran.output.endswith("\n.github/workflows/release-foo.yml publishes it.\n")
    assert changed(port) == ["Release foo 0.1.0", *released("foo")]
    assert unfinished.read_text() == before + "UNFINISHED = 1\n"
    unfinished.write_text(before)
    beside = Trial(trial.root / "packages/bar", trial.environ)
    ran = beside.invoke("release", "--part", "patch", "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    assert ran.output.endswith("\n.github/workflows/release-bar.yml publishes it.\n")
    assert changed(port) == ["Release bar 0.0.1", *released("bar")]
    assert port.remote.git("tag").split() == ["bar-v0.0.1", "foo-v0.1.0"]
    assert "## 0.1.0" in port.show("packages/foo/CHANGELOG.md")
    assert "## 0.0.1" in port.show("packages/bar/CHANGELOG.md")
    told = trial.seatrial("status", "--project=packages/foo").output
    assert told.startswith("foo 0.1.0, 0 commits since foo-v0.1.0\n"), told
    checks_and_files_of_ci_of_each_are_its_own(trial)


def checks_and_files_of_ci_of_each_are_its_own(trial: Trial) -> None:
    """See that each is judged by its own; to begin both packages once more would take as long as this does."""
    for name in ("foo", "bar"):
        same = trial.seatrial("--project", f"packages/{name}", "workflows", "--check")
        files = f".github/workflows/ci-{name}.yml, .github/workflows/release-{name}.yml, .github/dependabot.yml"
        assert same.output.splitlines()[-1] == f"{files}: as they should be"
        publisher = trial.seatrial("trusted-publisher", "--project", f"packages/{name}").output
        assert f"release-{name}.yml" in publisher
    trial.write({f"{folder}notes.txt": "Unfinished\n" for folder in ("", "docs/", "packages/foo/", "packages/bar/")})
    judged = trial.seatrial("preflight", "--part", "minor", "--allow-empty", "--project", "packages/foo")
    assert judged.returncode == 0, judged.output
    assert "foo 0.2.0, tag foo-v0.2.0" in judged.output
    assert "CI0" not in judged.output
    warned = judged.output[judged.output.index("GIT016") :].splitlines()[:5]
    assert [line.split()[-1] for line in warned[:3]] == ["docs/", "notes.txt", "packages/foo/notes.txt"]
    assert warned[3].strip() == "fix: git add --all && git commit, if it belongs to the release"


def test_folder_that_is_none_is_named(trial: Trial) -> None:
    ran = trial.seatrial("status", "--project", "packages/foo")
    assert (ran.returncode, ran.output.splitlines()[0]) == (
        2,
        f"seatrial: there is no folder {trial.root / 'packages/foo'}",
    )
