"""build, through its public API, with a backend that lies in the project.

What is slow here makes a build environment and runs the backend in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from sample_project import lines
from seatrial.distributions.build import BuildEnvironment, build_distributions, build_from_tree
from seatrial.errors import PyprojectInvalid
from seatrial.installer import best_installer

if TYPE_CHECKING:
    from pathlib import Path


BACKEND = lines(
    '''
    """A backend that counts its calls and does what the tests set."""

    import os
    import pathlib
    import tarfile
    import zipfile

    CALLS = pathlib.Path(os.environ["TRIAL_CALLS"])
    NAME = "tidepool-1.0"


    def _called(what):
        with CALLS.open("a") as file:
            file.write(what + "\\n")


    def get_requires_for_build_sdist(config_settings=None):
        _called("asked for sdist")
        return []


    def get_requires_for_build_wheel(config_settings=None):
        _called("asked for wheel")
        return []


    def build_sdist(sdist_directory, config_settings=None):
        _called("sdist")
        if pathlib.Path("fail").exists():
            raise RuntimeError("the sea is rough")
        if pathlib.Path("secret").exists():
            raise RuntimeError(str(sorted(name for name in os.environ if "TOKEN" in name or "TWINE" in name)))
        if pathlib.Path("spoil").exists():
            pathlib.Path(sdist_directory, NAME + ".zip").write_bytes(b"no archive")
            return NAME + ".zip"
        with tarfile.open(os.path.join(sdist_directory, NAME + ".tar.gz"), "w:gz") as archive:
            for name in ("pyproject.toml", "backend.py"):
                archive.add(name, f"{NAME}/{name}")
            archive.add("pyproject.toml", f"{NAME}/PKG-INFO")
        return NAME + ".tar.gz"


    def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
        _called("wheel from " + pathlib.Path.cwd().name)
        if CALLS.with_name("needs").exists() and not pathlib.Path("needed.txt").exists():
            raise RuntimeError("needed.txt is missing")
        name = NAME + "-py3-none-any.whl"
        with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
            archive.writestr("tidepool.py", os.environ.get("SOURCE_DATE_EPOCH", "none"))
        return name
    '''
)
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a backend of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    monkeypatch.setenv("TRIAL_CALLS", str(tmp_path / "calls"))
    return folder


def build(project: Path, epoch: int | None = 1709208000) -> tuple[Path, Path]:
    environment = BuildEnvironment(project.parent / "environment", best_installer())
    return build_distributions(project, project.parent / "dist", environment, epoch)


def calls(project: Path) -> list[str]:
    path = project.parent / "calls"
    calls = path.read_text().splitlines()
    path.unlink()
    return calls


@pytest.mark.selection
@pytest.mark.slow
def test_wheel_is_built_from_the_sdist(project: Path) -> None:
    sdist, wheel = build(project)
    assert (sdist.name, wheel.name) == ("tidepool-1.0.tar.gz", "tidepool-1.0-py3-none-any.whl")
    assert calls(project) == ["asked for sdist", "sdist", "asked for wheel", "wheel from tidepool-1.0"]
    with tarfile.open(sdist) as archive:
        assert {member.mtime for member in archive.getmembers()} == {1709208000}


@pytest.mark.slow
def test_without_a_date_the_files_are_left_as_the_backend_makes_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    for number, name in enumerate(("pyproject.toml", "backend.py")):
        os.utime(project / name, (1000 + number, 1000 + number))
    sdist, wheel = build(project, None)
    assert calls(project) == ["asked for sdist", "sdist", "asked for wheel", "wheel from tidepool-1.0"]
    with tarfile.open(sdist) as archive:
        members = [(member.name, member.mtime) for member in archive.getmembers()]
    assert members[:2] == [("tidepool-1.0/pyproject.toml", 1000), ("tidepool-1.0/backend.py", 1001)]
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("tidepool.py") == b"none"


@pytest.mark.slow
def test_backend_is_called_again_only_when_its_configuration_changed(project: Path) -> None:
    build(project)
    calls(project)
    build(project)
    assert calls(project) == ["sdist", "wheel from tidepool-1.0"]
    (project / "pyproject.toml").write_text(PYPROJECT + "[tool.x]\n")
    build(project)
    assert calls(project) == ["asked for sdist", "sdist", "asked for wheel", "wheel from tidepool-1.0"]


@pytest.mark.slow
def test_requirements_of_a_failing_backend_are_read_before_the_error(project: Path) -> None:
    build(project)
    calls(project)
    (project / "fail").touch()
    with raises_error("BackendFailed") as raised:
        build(project)
    assert calls(project) == ["sdist", "asked for sdist", "sdist"]
    assert raised.value.what.startswith("the build backend could not build the sdist:\n")
    assert raised.value.what.endswith("\n  RuntimeError: the sea is rough")
    assert raised.value.fix == "correct the cause; for the whole output: python -m build --sdist"


@pytest.mark.slow
def test_command_of_a_failed_build_fails_in_the_same_way(project: Path) -> None:
    """What the sdist lacks is found by building the wheel from it, not from the tree."""
    (project / "needed.txt").touch()
    (project.parent / "needs").touch()
    with raises_error("BackendFailed") as raised:
        build(project)
    command = raised.value.fix.partition("whole output: ")[2]
    assert command == "python -m build"
    ran = subprocess.run(
        (sys.executable, *command.split()[1:]), cwd=project, capture_output=True, text=True, check=False
    )
    assert ran.returncode
    assert "RuntimeError: needed.txt is missing" in ran.stdout + ran.stderr
    environment = BuildEnvironment(project.parent / "environment", best_installer())
    sdist, wheel = build_from_tree(project, project.parent / "direct", environment, 1709208000)
    assert (sdist.exists(), wheel.exists()) == (True, True)


@pytest.mark.slow
def test_backend_sees_no_secret_but_those_that_pass_env_names(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("TWINE_PASSWORD", "UV_PUBLISH_TOKEN", "PYPI_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GH_TOKEN")
    for name in (*secrets, "CARGO_REGISTRIES_TOKEN"):
        monkeypatch.setenv(name, "secret")
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.seatrial]\npass-env = ["CARGO_*"]\n')
    (project / "secret").touch()
    with raises_error("BackendFailed") as raised:
        build(project)
    assert raised.value.what.endswith("\n  RuntimeError: ['CARGO_REGISTRIES_TOKEN']")


@pytest.mark.slow
def test_build_of_a_commit_names_the_variable_that_it_does_not_get(project: Path) -> None:
    environment = BuildEnvironment(project.parent / "environment", best_installer(), is_for_commit=True)
    with raises_error("BackendFailed") as raised:
        build_distributions(project, project.parent / "built", environment, 1709208000)
    assert raised.value.fix.endswith('; if it needs TRIAL_CALLS:\n[tool.seatrial]\npass-env = ["TRIAL_CALLS"]')
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.seatrial]\npass-env = ["TRIAL_*"]\n')
    for path in build_distributions(project, project.parent / "built", environment, 1709208000):
        assert path.exists()


@pytest.mark.slow
def test_sdist_that_is_no_archive_is_refused(project: Path) -> None:
    (project / "spoil").touch()
    with raises_error("BackendFailed") as raised:
        build(project)
    assert raised.value.what.startswith(
        "an index would not accept tidepool-1.0.zip, which the build backend made as the sdist"
    )


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ('requires = "x"', "`requires` must be an array of strings"),
        ("", "`requires` is a required property"),
        ("requires = []\nbuild-backend = 3", "`build-backend` must be a string"),
        ('requires = []\nbuild-backend = "x"\nbackend-path = ["../.."]', "paths must be inside source tree"),
    ],
)
def test_mistake_in_the_build_system_is_named(project: Path, table: str, what: str) -> None:
    (project / "pyproject.toml").write_text(f"[build-system]\n{table}\n")
    with pytest.raises(PyprojectInvalid) as raised:
        build(project)
    assert what in raised.value.what


@pytest.mark.slow
def test_missing_backend_is_named(project: Path) -> None:
    (project / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "absent"\n')
    with raises_error("BackendFailed") as raised:
        build(project)
    assert raised.value.what == ("the build backend could not build the sdist:\n  Backend 'absent' is not available.")


@pytest.mark.slow
def test_environment_is_made_anew_for_other_requirements(project: Path) -> None:
    environment = BuildEnvironment(project.parent / "environment", best_installer())
    environment.ensure(["iniconfig"])
    mark = environment.path / "mark"
    mark.touch()
    environment.ensure(["iniconfig"])
    assert mark.exists()
    environment.add(["iniconfig"], "a question")
    assert environment.was_asked("a question")
    environment.ensure([])
    assert not mark.exists()
    assert not environment.was_asked("a question")
