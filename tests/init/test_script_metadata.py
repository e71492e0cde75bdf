"""The script metadata of a noxfile: nox brings what it needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nox.project import load_toml
from packaging.requirements import Requirement

from sample_projects import make_sample
from seatrial import __version__
from seatrial.init.template import Origin, has_block, nox_requirement, script_block, seatrial_requirement

if TYPE_CHECKING:
    from sample_project import SampleProject


CHECKOUT = Path(__file__).resolve().parent.parent.parent


def test_nox_reads_the_block_and_both_requirements_have_a_lower_bound(tmp_path: Path) -> None:
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(f"{script_block()}import nox\n")
    assert load_toml(noxfile) == {"dependencies": [nox_requirement(), seatrial_requirement()]}
    nox, seatrial = (Requirement(text) for text in (nox_requirement(), seatrial_requirement()))
    assert (nox.name, bool(nox.specifier)) == ("nox", True)
    # The running version satisfies it, one before a release too: nox asks for nothing else then.
    assert seatrial.specifier.contains(__version__)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (None, Origin()),
        ("{", Origin()),
        ('{"url": "https://example.org/a.git", "vcs_info": {"vcs": "git"}}', Origin("git+https://example.org/a.git")),
        (
            '{"url": "https://example.org/seatrial-1-py3-none-any.whl", "archive_info": {}}',
            Origin("https://example.org/seatrial-1-py3-none-any.whl"),
        ),
        (
            '{"url": "file:///srv/a%20b/seatrial-1-py3-none-any.whl", "archive_info": {}}',
            Origin(machine="/srv/a b/seatrial-1-py3-none-any.whl"),
        ),
        ('{"url": "file:///srv/seatrial", "dir_info": {"editable": true}}', Origin(machine="/srv/seatrial")),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="its paths have drives")
def test_commands_have_the_address_that_seatrial_was_installed_from(text: str | None, origin: Origin) -> None:
    """An index has none of these; a path on this machine is of no use to others, and is in no file."""
    assert Origin.of(text) == origin


@pytest.mark.parametrize(
    ("noxfile", "expected"),
    [
        (f'"""Sessions."""\n{script_block()}import nox\n', True),
        ("#!/usr/bin/env -S uv run\n# /// script\n# dependencies = []\n# ///\n", True),
        ("import nox  # /// script\n", False),
        ("# /// script\nimport nox\n", False),
    ],
)
def test_block_of_a_noxfile_is_recognised(noxfile: str, *, expected: bool) -> None:
    assert has_block(noxfile) is expected


@pytest.mark.slow
def test_nox_without_seatrial_runs_the_sessions_of_a_fresh_clone(tmp_path: Path) -> None:
    """The real nox makes an environment with seatrial in it: no fast test shows that it takes the requirements."""
    project = make_sample("setuptools-static", tmp_path).project
    assert project.seatrial("init", "--yes", "--no-try").returncode == 0
    project.commit("Adopt seatrial")
    project.git("clone", "-q", ".", "../fresh")
    fresh = make_environment(type(project)(tmp_path / "fresh", project.environ), tmp_path)
    environment = {"UV_FIND_LINKS": str(tmp_path / "wheels"), "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    ran = fresh.run(str(tmp_path / "tools/bin/nox"), "-s", "build", **environment)
    assert ran.returncode == 0, ran.output
    assert "build  ✓" in ran.output
    assert (fresh.root / ".nox/_nox_script_mode").is_dir()


def make_environment(project: SampleProject, folder: Path) -> SampleProject:
    """Make an environment that has nox alone, and a wheel of seatrial."""
    for args in (
        ("uv", "venv", "-q", "--python", sys.executable, str(folder / "tools")),
        ("uv", "pip", "install", "-q", "--python", str(folder / "tools"), nox_requirement()),
        ("uv", "build", "-q", "--wheel", "--out-dir", str(folder / "wheels"), str(CHECKOUT)),
    ):
        ran = project.run(*args)
        assert ran.returncode == 0, ran.output
    return project
