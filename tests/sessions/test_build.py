"""The sessions that make and judge the distributions, with every build backend."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from prepared_packages import package, with_tests_environment
from release_repo import install_build_environment
from sample_project import BUILD_SYSTEMS, HERE, SampleProject, lines

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow


def hashes(project: SampleProject) -> dict[str, str]:
    """Return the SHA-256 of each file in dist/."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((project.root / "dist").iterdir())
        if path.name != ".gitignore"
    }


@pytest.mark.parametrize("backend", BUILD_SYSTEMS)
def test_package_of_every_backend_is_built_checked_and_tested_and_the_same_elsewhere(
    project: SampleProject, tmp_path: Path, backend: str
) -> None:
    """To the byte: in another folder, under another umask, in another time zone, for another user, of younger files."""
    with_tests_environment(package(project, "build()", "check()", "tests()", backend=backend))
    project.write({"src/tidepool/run.sh": "#!/bin/sh\n"})
    (project.root / "src/tidepool/run.sh").chmod(0o755)
    project.commit()
    elsewhere = SampleProject(tmp_path / "another folder", project.environ)
    shutil.copytree(project.root, elsewhere.root, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns(".nox"))
    for path in elsewhere.root.rglob("*"):
        if ".git" not in path.parts:
            path.chmod(
                0o700 if path.is_dir() or os.access(project.root / path.relative_to(elsewhere.root), os.X_OK) else 0o600
            )
    install_build_environment(elsewhere, backend)
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert ran.summary == lines(
        f"""
        any  {HERE}
        build  ✓ N s
        check  ✓ N s
        tests  ✓ N s

        3 passed in N s
        """
    )
    built = elsewhere.run(
        "sh", "-c", 'umask 077 && exec "$0" -m nox -s build', sys.executable,
        TZ="America/New_York", USER="somebody", LOGNAME="somebody",
    )  # fmt: skip
    assert built.returncode == 0, built.output
    assert list(hashes(project)) == ["tidepool-1.2.3-py3-none-any.whl", "tidepool-1.2.3.tar.gz"]
    assert hashes(elsewhere) == hashes(project)


def test_distributions_are_dated_by_the_commit(project: SampleProject) -> None:
    package(project, "build()", backend="setuptools")
    assert project.nox().returncode == 0
    with zipfile.ZipFile(project.root / "dist/tidepool-1.2.3-py3-none-any.whl") as wheel:
        assert {info.date_time for info in wheel.infolist()} == {(2024, 2, 29, 12, 0, 0)}
    with tarfile.open(project.root / "dist/tidepool-1.2.3.tar.gz") as sdist:
        assert {member.mtime for member in sdist.getmembers()} == {1709208000}


def test_distributions_of_earlier_versions_go(project: SampleProject) -> None:
    package(project, "build()")
    assert project.nox().returncode == 0
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace("1.2.3", "1.3.0"), "dist/tidepool-1.2.3.tar.gz.asc": ""})
    assert project.nox().returncode == 0
    assert list(hashes(project)) == ["tidepool-1.3.0-py3-none-any.whl", "tidepool-1.3.0.tar.gz"]


def test_commit_alone_is_built_again(project: SampleProject) -> None:
    """The distributions bear its date."""
    package(project, "build()")
    project.nox()
    before = hashes(project)
    project.git("commit", "-q", "--allow-empty", "-m", "Later", "--date", "2024-03-01T12:00:00+00:00")
    later = {"GIT_COMMITTER_DATE": "2024-03-01T12:00:00+00:00"}
    project.run("git", "commit", "-q", "--amend", "--no-edit", "--allow-empty", **later)
    project.nox()
    assert hashes(project).keys() == before.keys()
    assert hashes(project) != before


def test_project_with_its_name_elsewhere_finds_its_own_distributions(project: SampleProject) -> None:
    package(project, "build()", backend="setuptools")
    setup = "from setuptools import setup\nsetup(name='tide-pool', version='1', package_dir={'': 'src'})\n"
    project.write({"pyproject.toml": f"[build-system]\n{BUILD_SYSTEMS['setuptools']}\n", "setup.py": setup})
    assert project.nox().returncode == 0
    project.write({"src/tidepool/__init__.py": "EDITED = True\n"})
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert list(hashes(project)) == ["tide_pool-1-py3-none-any.whl", "tide_pool-1.tar.gz"]


def test_file_that_lost_a_byte_in_dist_is_built_again(project: SampleProject) -> None:
    package(project, "build()")
    project.nox()
    before = hashes(project)
    wheel = project.root / "dist/tidepool-1.2.3-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes()[:-1])
    project.nox()
    assert hashes(project) == before


def test_check_refuses_what_an_index_refuses_and_reports_all_of_it(project: SampleProject) -> None:
    package(project, "check()")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write(
        {
            "pyproject.toml": pyproject.replace("README.md", "README.rst").replace(
                '"A. Author"', '"A. Author", email = "author@example"'
            ),
            "README.rst": "Title\n==\n\n.. nonsense::\n",
        }
    )
    ran = project.nox()
    assert ran.returncode == 1
    assert not ran.was_a_traceback
    assert "failed: check: an index would not take the distributions:\nerror    DIST123  " in ran.summary
    assert "The description failed to render for 'text/x-rst'." in ran.summary
    assert 'line 4: Unknown directive type "nonsense".' in ran.summary


def test_missing_description_is_a_warning_that_nothing_refuses(project: SampleProject) -> None:
    package(project, "check()")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace('readme = "README.md"\n', "")})
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert "DIST142  tidepool-1.2.3.tar.gz, tidepool-1.2.3-py3-none-any.whl:" in ran.output
    assert "twine check: passed" in ran.output


def test_check_ignores_what_the_project_gives_a_reason_for(project: SampleProject) -> None:
    package(project, "check()")
    pyproject = (project.root / "pyproject.toml").read_text()
    ignore = '\n[tool.seatrial.ignore]\nDIST142 = "the page is not written yet"\n'
    project.write({"pyproject.toml": pyproject.replace('readme = "README.md"\n', "") + ignore})
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert "ignored: the page is not written yet" in ran.output
    project.write({"pyproject.toml": pyproject + ignore.replace("DIST142", "DIST999")})
    ran = project.nox()
    assert ran.returncode == 1
    assert "failed: check: [tool.seatrial.ignore]: unknown check DIST999\n" in ran.summary


def test_version_with_a_local_part_may_stand_in_the_tree_between_releases_and_not_under_a_tag(
    project: SampleProject,
) -> None:
    package(project, "check()")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace('"1.2.3"', '"1.2.3+dev"')})
    project.commit("Go on after 1.2.3")
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert "ignored: no tag is on this commit, and a release gives it a version of its own" in ran.output
    project.git("tag", "v1.2.3+dev")
    ran = project.nox()
    assert ran.returncode == 1, ran.output
    assert "error    DIST122  " in ran.summary


def test_version_from_a_tag_is_built_again_when_there_is_a_new_tag(project: SampleProject) -> None:
    package(project, "build()", backend="hatchling")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write(
        {
            "pyproject.toml": pyproject.replace('["hatchling"]', '["hatchling", "hatch-vcs"]').replace(
                'version = "1.2.3"', 'dynamic = ["version"]'
            )
            + '\n[tool.hatch.version]\nsource = "vcs"\n'
        }
    )
    project.commit()
    project.git("tag", "-a", "-m", "1.0.0", "v1.0.0")
    project.nox()
    project.git("tag", "-a", "-m", "1.0.1", "v1.0.1")
    project.git("tag", "-d", "v1.0.0")
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert list(hashes(project)) == ["tidepool-1.0.1-py3-none-any.whl", "tidepool-1.0.1.tar.gz"]
    assert project.nox(SETUPTOOLS_SCM_PRETEND_VERSION="2.5").returncode == 0
    assert list(hashes(project)) == ["tidepool-2.5-py3-none-any.whl", "tidepool-2.5.tar.gz"]
