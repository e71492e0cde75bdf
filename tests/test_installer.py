"""What makes virtual environments and fills them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from errors_raised import raises_error
from seatrial import process
from seatrial.installer import (
    INSTALL_FIX,
    Installer,
    Pip,
    Uv,
    best_installer,
    create_environment,
    find_uv,
    install_requirements,
    python_of,
)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("tool", [Pip(), best_installer()], ids=["pip", "uv"])
def test_environment_is_made_and_filled(tmp_path: Path, tool: Installer) -> None:
    folder = tmp_path / "an environment"
    create_environment(tool, folder)
    create_environment(tool, folder)
    python = python_of(folder)
    assert not install_requirements(tool, python, ["iniconfig"], cwd=tmp_path)
    code = "import iniconfig, sys; print(sys.version_info[:2])"
    assert process.run((str(python), "-c", code), cwd=tmp_path, env={}) == f"{tuple(sys.version_info[:2])}\n"


@pytest.mark.parametrize("tool", [Pip(), best_installer()], ids=["pip", "uv"])
def test_variables_that_lead_an_installation_elsewhere_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Installer
) -> None:
    for name in ("PIP_TARGET", "PIP_Prefix", "PIP_ROOT", "PIP_EDITABLE", "PIP_REQUIREMENT", "UV_PROJECT"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    for name in (
        "PIP_USER",
        "PIP_DRY_RUN",
        "PIP_NO_DEPS",
        "PIP_NO_DEPENDENCIES",
        "UV_SYSTEM_PYTHON",
        "VIRTUALENV_NO_PIP",
    ):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("UV_PYTHON", "3.1")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    folder = tmp_path / "environment"
    create_environment(tool, folder)
    install_requirements(tool, python_of(folder), ["iniconfig"], cwd=tmp_path)
    assert process.run((str(python_of(folder)), "-c", "import iniconfig"), cwd=tmp_path, env={}) == ""
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("tool", [Pip(), best_installer()], ids=["pip", "uv"])
def test_requirement_that_can_not_be_met_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Installer
) -> None:
    """No variable is to blame, such as the address of an index: not every value is the path of a file."""
    create_environment(tool, tmp_path / "environment")
    for name in ("PIP_NOTE", "UV_NOTE"):
        monkeypatch.setenv(name, "https://index.example/iniconfig iniconfig 0.0")
    with raises_error("InstallFailed", match=r"iniconfig==0\.0\.0") as raised:
        install_requirements(tool, python_of(tmp_path / "environment"), ["iniconfig==0.0.0"], cwd=tmp_path)
    assert raised.value.fix == INSTALL_FIX


@pytest.mark.parametrize("tool", [Pip(), best_installer()], ids=["pip", "uv"])
def test_variable_that_forbids_an_installation_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Installer
) -> None:
    create_environment(tool, tmp_path / "environment")
    for name in ("PIP_REQUIRE_HASHES", "UV_REQUIRE_HASHES"):
        monkeypatch.setenv(name, "1")
    with raises_error("InstallFailed") as raised:
        install_requirements(tool, python_of(tmp_path / "environment"), ["iniconfig"], cwd=tmp_path)
    assert "_REQUIRE_HASHES; or make the index reachable" in raised.value.fix
    assert raised.value.fix.startswith("unset ")


@pytest.mark.parametrize("tool", [Pip(), best_installer()], ids=["pip", "uv"])
def test_variable_that_names_a_missing_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: Installer
) -> None:
    create_environment(tool, tmp_path / "environment")
    for name in ("PIP_CONSTRAINT", "UV_CONSTRAINT"):
        monkeypatch.setenv(name, str(tmp_path / f"{name}.txt"))
    with raises_error("InstallFailed") as raised:
        install_requirements(tool, python_of(tmp_path / "environment"), ["iniconfig"], cwd=tmp_path)
    variable = "PIP_CONSTRAINT" if isinstance(tool, Pip) else "UV_CONSTRAINT"
    assert raised.value.fix == f"unset {variable}; or {INSTALL_FIX}"


def test_uv_is_that_of_the_variable_of_the_package_or_of_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UV", raising=False)
    packaged = find_uv()
    assert packaged is not None
    assert Path(packaged).is_relative_to(Path(sys.prefix))
    assert best_installer() == Uv(packaged)
    named = tmp_path / "uv"
    named.touch(mode=0o755)
    monkeypatch.setenv("UV", str(named))
    assert find_uv() == str(named)
    monkeypatch.setenv("UV", "no-such-uv")
    assert find_uv() is None
    assert best_installer() == Pip()
