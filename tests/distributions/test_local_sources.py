"""Requirements that come from other folders: members of a workspace and paths, which no index has."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from prepared_packages import package
from sample_dists import wheel
from sample_project import HERE, SampleProject, lines
from seatrial import process
from seatrial.distributions.build import source_requirements
from seatrial.errors import PyprojectInvalid
from seatrial.installer import best_installer, create_environment, python_of
from seatrial.project.project import Project
from seatrial.project.requirements import DependencySource, dependency_sources, members_required
from seatrial.publish.install import IsolatedFolder, install_dependencies

if TYPE_CHECKING:
    from pathlib import Path

TESTS = f'tests(pythons=["{HERE}"])'


def write_module(root: Path, name: str, text: str, more: str = "") -> None:
    """Write a package of one module; ``more``: further lines of pyproject.toml."""
    root.mkdir(parents=True, exist_ok=True)
    (root / f"{name.replace('-', '_')}.py").write_text(text)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\n{more}'
    )


def depend(project: SampleProject, name: str, sources: str) -> None:
    """Let the tests need another project, and say where it comes from."""
    text = (project.root / "pyproject.toml").read_text()
    text = text.replace(
        "[dependency-groups]", f'[project.optional-dependencies]\nall = ["{name}"]\n[dependency-groups]'
    )
    assert 'test = ["pytest' in text
    text = text.replace('test = ["pytest', f'test = ["{name}", "pytest')
    project.write({"pyproject.toml": f"{text}\n{sources}"})


@pytest.mark.slow
def test_member_of_the_workspace_and_what_it_needs_are_built_and_installed(project: SampleProject) -> None:
    package(project, TESTS)
    write_module(
        project.root / "packages/tide-table", "tide-table", "from moon import DAY\n", 'dependencies = ["moon"]\n'
    )
    write_module(project.root / "moon", "moon", "DAY = 29\n")
    depend(
        project,
        "tide-table",
        lines(
            """
            [tool.uv.workspace]
            members = ["packages/*"]

            [tool.uv.sources]
            tide-table = { workspace = true }
            moon = { path = "moon" }
            """
        ),
    )
    # pip is stricter than uv.
    test = "import tide_table\n\ndef test_day():\n    assert tide_table.DAY == {}\n"
    project.write({"tests/test_day.py": test.format(29)})
    ran = project.nox("-db", "virtualenv", "-s", "tests")
    assert ran.returncode == 0, ran.output
    again = project.nox("-db", "virtualenv", "-s", "tests")
    assert (again.returncode, "installing" in again.output) == (0, False)
    project.write({"moon/moon.py": "DAY = 30\n", "tests/test_day.py": test.format(30)})
    changed = project.nox("-db", "virtualenv", "-s", "tests")
    assert changed.returncode == 0, changed.output


def test_requirements_in_folders_of_the_repository_are_members(tmp_path: Path) -> None:
    """A release that requires them in its own version is installed with them where no index has them."""
    top = tmp_path / "top"
    write_module(tmp_path / "top-2", "outside", "")
    (top / "old").mkdir(parents=True)
    (top / "old/setup.py").write_text("from setuptools import setup\nsetup(name='old')\n")
    write_module(top / "packages/table", "tide-table", "", 'dependencies = ["moon==1.0", "flow"]\n')
    write_module(top / "moon", "moon", "", 'dependencies = ["tidepool", "table", "x"]\n')
    (top / "pyproject.toml").write_text(
        lines(
            """
            [project]
            name = "tidepool"
            [tool.uv.workspace]
            members = ["packages/*"]
            [tool.uv.sources]
            Tide_Table = { workspace = true, marker = "python_version > '3'" }
            moon = { path = "moon" }
            flow = { url = "https://example.com/flow.zip" }
            tidepool = { workspace = true }
            other = { path = "moon" }
            old = { path = "old" }
            outside = { path = "../top-2" }
            """
        )
    )
    table, moon = (top / "packages/table").as_uri(), (top / "moon").as_uri()
    rows = (f"tide-table @ {table} ; python_version > '3'", f"moon @ {moon}")
    project = Project.from_directory(top)
    assert members_required(project, ["tide-table==1.0", "attrs; extra == 'x'"], top) == rows
    assert members_required(project, ["moon", "flow"], top) == rows[1:]
    assert members_required(project, ["attrs", "outside"], top) == ()
    assert members_required(project, ["old", "outside"], top) == (f"old @ {(top / 'old').as_uri()}",)


@pytest.mark.slow
def test_members_are_installed_where_no_index_has_them(tmp_path: Path) -> None:
    """The real installer takes the index first, and tells what neither has."""
    environment, moon = tmp_path / "environment", wheel("moon", "1.0").saying(without=("Requires-Dist",))
    create_environment(best_installer(), environment)
    (tmp_path / moon.name).write_bytes(moon.data())
    no_index = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache"), "PIP_NO_INDEX": "1"}
    isolated = IsolatedFolder(tmp_path, process.child_environment(**no_index))
    members = (f"moon @ {(tmp_path / moon.name).as_uri()}",)
    install = partial(install_dependencies, isolated, python_of(environment))
    with raises_error("InstallFailed", match="moon"):
        install("moon==1.0", ())
    with raises_error("InstallFailed", match=r"moon==2\.0"):
        install("moon==2.0", members)
    assert install("moon==1.0", members) == members
    assert install("moon==1.0", members) == ()


def read_sources(root: Path, table: str, files: tuple[str, ...] = ()) -> dict[str, tuple[DependencySource, ...]]:
    for name in files:
        write_module(root / name, name.rpartition("/")[2], "")
    (root / "pyproject.toml").write_text(f'[project]\nname = "tidepool"\nversion = "1"\n[tool.uv.sources]\n{table}')
    return dependency_sources(Project.from_directory(root))


def test_each_kind_of_source_is_read(tmp_path: Path) -> None:
    table = lines(
        """
        Moon_Phase = { path = "moon" }
        sun = [
            { git = "https://example.org/sun", tag = "v1", subdirectory = "py", marker = "os_name == 'nt'" },
            { url = "https://example.org/sun-1.tar.gz" },
        ]
        star = { index = "stars" }
        """
    )
    assert read_sources(tmp_path, table, ("moon",)) == {
        "moon-phase": (DependencySource("moon-phase", folder=tmp_path / "moon"),),
        "sun": (
            DependencySource("sun", address="git+https://example.org/sun@v1#subdirectory=py", marker="os_name == 'nt'"),
            DependencySource("sun", address="https://example.org/sun-1.tar.gz"),
        ),
    }


def test_build_of_a_source_that_fails_leaves_nothing(tmp_path: Path) -> None:
    write_module(tmp_path / "moon", "moon", "")
    (tmp_path / "moon/pyproject.toml").write_text('[build-system]\nrequires = "x"\n[project]\nname = "moon"\n')
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "tidepool"\nversion = "1"\n[tool.uv.sources]\nmoon = { path = "moon" }\n'
    )
    project, state = Project.from_directory(tmp_path), tmp_path / "state"
    with pytest.raises(PyprojectInvalid):
        source_requirements(project, ["moon"], None, state, lambda _: None)
    assert list((state / "sources/moon").iterdir()) == []


def test_sources_of_the_workspace_hold_for_its_members(tmp_path: Path) -> None:
    for name in ("packages/ebb", "packages/flow"):
        write_module(tmp_path / name, name.rpartition("/")[2], "")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\nflow = { workspace = true }\n'
    )
    assert dependency_sources(Project.from_directory(tmp_path / "packages/ebb")) == {
        "flow": (DependencySource("flow", folder=tmp_path / "packages/flow"),)
    }


@pytest.mark.parametrize(
    ("table", "what", "fix"),
    [
        (
            'moon = { path = "../moon" }',
            "[tool.uv.sources] in {root}/pyproject.toml: moon is to come from {above}/moon, which does not exist",
            "correct the path; a release has only what is in the repository, submodules included",
        ),
        (
            "moon = { workspace = true }",
            "[tool.uv.sources] in {root}/pyproject.toml: no member of the workspace is called moon",
            'add its folder to the workspace:\n[tool.uv.workspace]\nmembers = ["packages/*"]',
        ),
    ],
)
def test_source_that_is_missing_is_named(tmp_path: Path, table: str, what: str, fix: str) -> None:
    root = tmp_path / "tidepool"
    root.mkdir()
    with pytest.raises(PyprojectInvalid) as raised:
        read_sources(root, table)
    assert (raised.value.what, raised.value.fix) == (what.format(root=root, above=tmp_path), fix)
