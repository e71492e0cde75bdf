"""What makes virtual environments and fills them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from errors_raised import raises_error
from seatrial import shell
from seatrial.tools import installer
from seatrial.tools.installer import Pip, Uv

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("tool", [Pip(), installer.best()], ids=["pip", "uv"])
def test_environment_is_made_and_filled(tmp_path: Path, tool: installer.Installer) -> None:
    folder = tmp_path / "an environment"
    installer.create(tool, folder)
    installer.create(tool, folder)
    python = installer.python_of(folder)
    assert not installer.install(tool, python, ["iniconfig"], cwd=tmp_path)
    code = "import iniconfig, sys; print(sys.version_info[:2])"
    assert shell.run((str(python), "-c", code), cwd=tmp_path, env={}) == f"{tuple(sys.version_info[:2])}\n"


@pytest.mark.parametrize("tool", [Pip(), installer.best()], ids=["pip", "uv"])
def test_requirement_that_can_not_be_met_is_named(tmp_path: Path, tool: installer.Installer) -> None:
    installer.create(tool, tmp_path / "environment")
    with raises_error("InstallFailed", match=r"iniconfig==0\.0\.0"):
        installer.install(tool, installer.python_of(tmp_path / "environment"), ["iniconfig==0.0.0"], cwd=tmp_path)


def test_uv_is_that_of_the_variable_of_the_package_or_of_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("UV", raising=False)
    packaged = installer.find_uv()
    assert packaged is not None
    assert Path(packaged).is_relative_to(Path(sys.prefix))
    assert installer.best() == Uv(packaged)
    named = tmp_path / "uv"
    named.touch(mode=0o755)
    monkeypatch.setenv("UV", str(named))
    assert installer.find_uv() == str(named)
    monkeypatch.setenv("UV", "no-such-uv")
    assert installer.find_uv() is None
    assert installer.best() == Pip()
