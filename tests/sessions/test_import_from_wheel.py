"""Keeping tests to the wheel, with a real interpreter."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from seatrial.sessions.environment import TREE_VARIABLE, write_finder


@pytest.fixture
def site_packages(tmp_path: Path) -> Path:
    """Return the site-packages of a new virtual environment."""
    venv.create(tmp_path / "environment", symlinks=sys.platform != "win32")
    scheme = "nt" if sys.platform == "win32" else "posix_prefix"
    base = str(tmp_path / "environment")
    return Path(sysconfig.get_path("purelib", scheme, vars={"base": base, "platbase": base}))


def write(folder: Path, text: str, *modules: str) -> None:
    for name in modules:
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(site_packages: Path, source_tree: Path, code: str) -> str:
    python = site_packages.parents[2] / "bin/python"
    if sys.platform == "win32":
        python = site_packages.parents[1] / "Scripts/python.exe"
    code = f"import sys; sys.path.insert(0, {str(source_tree)!r}); {code}"
    return subprocess.run([str(python), "-c", code], capture_output=True, check=True, text=True).stdout.strip()


def test_modules_of_the_wheel_come_from_site_packages(site_packages: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    for folder, text in ((site_packages, "PLACE = 'wheel'"), (sources, "PLACE = 'sources'")):
        write(folder, text, "tide", "pool/__init__", "pool/part", "other")
    code = "import tide, pool.part, other; print(tide.PLACE, pool.PLACE, pool.part.PLACE, other.PLACE)"
    assert run(site_packages, sources, code) == "sources sources sources sources"
    write_finder(site_packages, ["tide", "pool"])
    assert run(site_packages, sources, code) == "wheel wheel wheel sources"
    write_finder(site_packages, [])
    assert run(site_packages, sources, code) == "sources sources sources sources"


def test_parts_of_a_namespace_package_come_from_site_packages_and_others_from_where_they_are(
    site_packages: Path, tmp_path: Path
) -> None:
    write(site_packages, "PLACE = 'wheel'", "google/tide/__init__")
    write(tmp_path / "sources", "PLACE = 'sources'", "google/tide/__init__", "google/other/__init__")
    write_finder(site_packages, ["google.tide"])
    code = "import google.tide, google.other; print(google.tide.PLACE, google.other.PLACE)"
    assert run(site_packages, tmp_path / "sources", code) == "wheel sources"


def test_module_that_the_wheel_lacks_is_not_found_elsewhere(site_packages: Path, tmp_path: Path) -> None:
    write(tmp_path / "sources", "", "tide_cli")
    write_finder(site_packages, ["tide_cli"])
    code = "\ntry:\n import tide_cli\nexcept ModuleNotFoundError as error:\n print(error, error.name)"
    assert run(site_packages, tmp_path / "sources", code) == "No module named 'tide_cli' in the wheel tide_cli"


def test_tests_that_the_wheel_lacks_are_found_in_the_source_tree_and_nothing_else(
    site_packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources"
    write(site_packages, "PLACE = 'wheel'", "tide/__init__", "tide/kept/__init__", "tide/kept/tests/__init__")
    names = ("tide/__init__", "tide/tests/__init__", "tide/tests/test_it", "tide/kept/tests/__init__", "tide/more")
    write(sources / "src", "PLACE = 'sources'", *names)
    write_finder(site_packages, ["tide"])
    code = """
import importlib
for name in ("tide", "tide.tests.test_it", "tide.kept.tests", "tide.more"):
    try:
        print(importlib.import_module(name).PLACE)
    except ModuleNotFoundError as error:
        print(error.name)
"""
    assert run(site_packages, tmp_path, code).split() == ["wheel", "tide.tests", "wheel", "tide.more"]
    monkeypatch.setenv(TREE_VARIABLE, str(sources))
    assert run(site_packages, tmp_path, code).split() == ["wheel", "sources", "wheel", "tide.more"]
