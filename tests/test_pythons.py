"""Finding the Pythons that are installed. Programs are files that may be executed and are no scripts."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path

import pytest

from seatrial.publish.install import interpreters_to_install_on
from seatrial.pythons import Interpreter, end_of_life, find_interpreters, how_to_install, newest_minor, path_with

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there nox asks the py launcher and the registry")

HERE = "{}.{}".format(*sys.version_info)


def program(path: Path, content: bytes = b"\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def environ(home: Path, *path: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(home), "PATH": os.pathsep.join(map(str, path)), **more}


def executable(version: str, environment: dict[str, str]) -> Path | None:
    answer = find_interpreters([version], environment)
    return answer[0].path if answer else None


@pytest.mark.parametrize(
    "place",
    [
        ".pyenv/versions/3.77.4/bin/python3.77",
        ".pyenv/versions/3.77-dev/bin/python3.77",
        ".pyenv/versions/3.77.0rc2/bin/python3.77",
        ".local/share/uv/python/cpython-3.77.1-linux-x86_64-gnu/bin/python3.77",
        ".local/share/mise/installs/python/3.77.1/bin/python3.77",
        ".asdf/installs/python/3.77.1/bin/python3.77",
        ".local/share/hatch/pythons/3.77/python/bin/python3.77",
        ".local/share/nox/pythons/cpython@3.77.1/bin/python3.77",
    ],
)
def test_python_of_a_version_manager_is_found_though_it_is_not_active(tmp_path: Path, place: str) -> None:
    path = program(tmp_path / place)
    assert executable("3.77", environ(tmp_path)) == path


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("PYENV_ROOT", "versions/3.77.4/bin/python3.77"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.77.1-macos-aarch64-none/bin/python3.77"),
        ("XDG_DATA_HOME", "uv/python/cpython-3.77.1-linux-x86_64-gnu/bin/python3.77"),
        ("MISE_DATA_DIR", "installs/python/3.77.1/bin/python3.77"),
        ("ASDF_DATA_DIR", "installs/python/3.77.1/bin/python3.77"),
    ],
)
def test_version_manager_may_live_elsewhere(tmp_path: Path, name: str, place: str) -> None:
    path = program(tmp_path / "elsewhere" / place)
    assert executable("3.77", environ(tmp_path, **{name: str(tmp_path / "elsewhere")})) == path


def test_release_is_installed_on_the_pythons_that_virtualenv_supports(tmp_path: Path) -> None:
    for version in ("3.7", "3.8", "3.9", "3.77"):
        program(tmp_path / f".pyenv/versions/{version}.1/bin/python{version}")
    interpreters = interpreters_to_install_on(["3.7", "3.8", "3.76", "3.77"], environ(tmp_path))
    assert [interpreter.version for interpreter in interpreters] == ["3.77"]


def test_newest_release_is_taken_and_not_another_version(tmp_path: Path) -> None:
    versions = tmp_path / ".pyenv/versions"
    for name in ("3.77.2", "3.77.10", "3.77.11rc1", "3.7.70", "3.77.12t", "3.770.1", "pypy3.77-7.3"):
        program(versions / name / "bin/python3.77")
    assert executable("3.77", environ(tmp_path)) == versions / "3.77.11rc1/bin/python3.77"


def test_free_threaded_python_is_another_one(tmp_path: Path) -> None:
    versions = tmp_path / ".pyenv/versions"
    program(versions / "3.77.9/bin/python3.77")
    threaded = program(versions / "3.77.1t/bin/python3.77t")
    assert executable("3.77t", environ(tmp_path)) == threaded
    uv = program(tmp_path / "uv/cpython-3.78.0+freethreaded-linux-x86_64-gnu/bin/python3.78t")
    assert executable("3.78t", environ(tmp_path, UV_PYTHON_INSTALL_DIR=str(tmp_path / "uv"))) == uv


def test_virtual_environments_are_passed_over(tmp_path: Path) -> None:
    program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    (tmp_path / ".pyenv/versions/3.77.9/pyvenv.cfg").write_text("")
    program(tmp_path / "venv/bin/python3.77")
    (tmp_path / "venv/pyvenv.cfg").write_text("")
    assert executable("3.77", environ(tmp_path, tmp_path / "venv/bin")) is None


def test_program_on_path_comes_before_what_is_not_active(tmp_path: Path) -> None:
    program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    path = program(tmp_path / "bin/python3.77")
    assert executable("3.77", environ(tmp_path, tmp_path / "bin")) == path


def test_shim_stands_for_what_its_manager_keeps(tmp_path: Path) -> None:
    """It is never started: that takes half a second, and it may end in nothing."""
    program(tmp_path / ".pyenv/shims/python3.77", b"#!/usr/bin/env bash\n")
    program(tmp_path / "bin/python3.77")
    kept = program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    assert executable("3.77", environ(tmp_path, tmp_path / ".pyenv/shims", tmp_path / "bin")) == kept


def test_shim_that_leads_nowhere_is_no_python(tmp_path: Path) -> None:
    program(tmp_path / ".pyenv/shims/python3.77", b"#!/usr/bin/env bash\n")
    assert executable("3.77", environ(tmp_path, tmp_path / ".pyenv/shims")) is None


@pytest.mark.parametrize("flaw", ["a folder", "not executable", "a broken link"])
def test_what_can_not_be_executed_is_no_python(tmp_path: Path, flaw: str) -> None:
    path = tmp_path / "bin/python3.77"
    program(path)
    if flaw == "not executable":
        path.chmod(0o644)
    else:
        path.unlink()
        path.mkdir() if flaw == "a folder" else path.symlink_to("nowhere")
    assert executable("3.77", environ(tmp_path, tmp_path / "bin")) is None


def test_python_that_runs_this_is_found_without_path(tmp_path: Path) -> None:
    path = executable(HERE, environ(tmp_path))
    assert path is not None
    assert path.samefile(os.path.realpath(sys.executable))


def test_path_gets_one_folder_with_nothing_but_what_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    active = program(tmp_path / "bin/python3.78")
    kept = program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    program(tmp_path / ".pyenv/versions/3.77.9/bin/pip")
    before = environ(tmp_path, tmp_path / "bin")
    path = path_with(find_interpreters(["3.77", "3.78", "3.79"], before), before)
    front, remaining = path.split(os.pathsep)
    assert [(link.name, link.resolve()) for link in Path(front).iterdir()] == [("python3.77", kept)]
    assert remaining == str(tmp_path / "bin")
    after = {**before, "PATH": path}
    assert path_with(find_interpreters(["3.77", "3.78"], after), after) == path, "nothing more to do"
    assert path_with([Interpreter("3.78", active)], before) == before["PATH"]


def test_activated_environment_does_not_stand_for_the_python_that_it_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment is not made of an environment: uv would look on, and find a shim, or nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/python3.77").symlink_to(kept)
    (tmp_path / "venv/pyvenv.cfg").write_text("")
    path = path_with([Interpreter("3.77", kept)], environ(tmp_path, tmp_path / "venv/bin"))
    front, remaining = path.split(os.pathsep)
    assert [(link.name, link.resolve()) for link in Path(front).iterdir()] == [("python3.77", kept)]
    assert remaining == str(tmp_path / "venv/bin")


def test_path_gets_the_real_folders_where_no_link_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file where the cache folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept = program(tmp_path / ".pyenv/versions/3.77.9/bin/python3.77")
    before = environ(tmp_path, tmp_path / "bin")
    path = path_with(find_interpreters(["3.77"], before), before)
    assert path == os.pathsep.join([str(kept.parent), str(tmp_path / "bin")])


@pytest.mark.parametrize(
    ("tools", "version", "how"),
    [
        (["uv", "pyenv"], "3.9", "uv python install 3.9"),
        (["uv"], "3.14t", "uv python install 3.14+freethreaded"),
        (["pyenv"], "3.9", "pyenv install 3.9"),
        ([], "3.9", "install uv and run: uv python install 3.9"),
    ],
)
def test_missing_python_comes_from_a_tool_that_is_there(
    tmp_path: Path, tools: list[str], version: str, how: str
) -> None:
    for tool in tools:
        program(tmp_path / "bin" / tool)
    assert how_to_install(version, environ(tmp_path, tmp_path / "bin")) == how


@pytest.mark.parametrize(
    ("today", "minor", "ended"),
    [
        (date(2024, 10, 30), 12, ()),
        (date(2024, 11, 1), 13, ()),
        (date(2025, 12, 1), 14, ("3.9",)),
        (date(2026, 11, 1), 15, ("3.9", "3.10")),
    ],
)
def test_python_follows_every_october_and_gets_fixes_for_five_years(
    today: date, minor: int, ended: tuple[str, ...]
) -> None:
    assert (newest_minor(today), end_of_life(("3.9", "3.10", "3.12t"), today)) == (minor, ended)
