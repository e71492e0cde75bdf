"""Seatrial is taken out of a project again, and what is the project's own stays."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sample_project import lines
from sample_projects import make_sample
from seatrial.init.changelog import require_source
from seatrial.init.detect import detect_project
from seatrial.init.files import noxfile_with_sessions, session_calls, write_proposal
from seatrial.init.propose import Parts
from seatrial.init.remove import (
    is_own_tasks_file,
    noxfile_without_sessions,
    plan_removal,
    pyproject_without_tables,
    remove_files,
    without_ignored,
    without_marker,
)
from seatrial.init.sessions import script_block, with_block
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject


WRITTEN = f"""{script_block()}import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

sessions.build()
sessions.tests(extras=["test"])
"""
OWN = """
import nox

@nox.session
def lint(session):
    session.run("ruff", "check")
"""


@pytest.mark.parametrize(
    ("noxfile", "expected"),
    [
        (WRITTEN, None),
        (f'"""The sessions of nox."""\n{WRITTEN}', None),
        (
            with_block(lines(OWN).replace("import nox\n", "import nox\nfrom seatrial import sessions\n"))
            + "\n\nsessions.build()\nsessions.tests(\n    extras=[],\n)\n",
            lines(OWN),
        ),
        (lines(OWN), lines(OWN)),
        # What does not parse stays.
        ("import nox\nfrom seatrial import (\n", "import nox\nfrom seatrial import (\n"),
    ],
)
def test_noxfile_keeps_the_sessions_of_the_project(noxfile: str, expected: str | None) -> None:
    assert noxfile_without_sessions(noxfile) == expected


def test_block_keeps_the_other_requirements() -> None:
    block = '# /// script\n# dependencies = ["nox>=2025.2", "tomli", "seatrial>=0.1"]\n# ///\n'
    after = noxfile_without_sessions(f"{block}{lines(OWN)}from seatrial import sessions\n")
    assert after == block.replace(', "seatrial>=0.1"', "") + lines(OWN)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ('from seatrial.tasks import ns\n\n__all__ = ["ns"]\n', True),
        ('"""The tasks of invoke."""\n\nfrom seatrial.tasks import ns\n', True),
        ("from seatrial.tasks import ns\n\nns.add_task(own)\n", False),
        ("from seatrial.tasks import ns\n\nnames = [ns]\n", False),
        ("import invoke\n", False),
    ],
)
def test_tasks_file_with_anything_else_is_the_projects_own(tasks: str, *, expected: bool) -> None:
    assert is_own_tasks_file(tasks) is expected


TABLES = """
[project]
name = "tidepool"

[tool.seatrial]
branch = "main"

[tool.seatrial.changelog]
source = "none"

[tool.ruff]
line-length = 100

[tool.towncrier]
directory = "changelog.d"
"""
RUFF = """
[project]
name = "tidepool"

[tool.ruff]
line-length = 100
"""


@pytest.mark.parametrize(
    ("text", "changelog", "expected"),
    [
        (TABLES, True, RUFF),
        (TABLES, False, RUFF + '\n[tool.towncrier]\ndirectory = "changelog.d"\n'),
        (TABLES.replace("changelog.d", "news"), True, RUFF + '\n[tool.towncrier]\ndirectory = "news"\n'),
        (RUFF, True, RUFF),
        ('[project]\nname = "a"\n\n[tool.seatrial]\n', True, '[project]\nname = "a"\n'),
    ],
)
def test_tables_of_seatrial_go_and_others_stay(text: str, expected: str, *, changelog: bool) -> None:
    assert pyproject_without_tables(lines(text), changelog=changelog) == lines(expected)


def test_marker_goes_with_the_line_below_it() -> None:
    marked = "# News\n\n<!-- towncrier release notes start -->\n\n## 1.2.3\n"
    assert without_marker(PurePosixPath("NEWS.md"), marked) == "# News\n\n## 1.2.3\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".nox/\ndist/\n.coverage\n", ""),
        ("*.pyc\ndist/\n\n.idea/\n.nox/\n!/noxfile.py\n", "*.pyc\ndist/\n\n.idea/\n"),
        (".nox/\n*.pyc\n", ".nox/\n*.pyc\n"),
    ],
)
def test_lines_at_the_end_of_gitignore_go_and_others_stay(text: str, expected: str) -> None:
    assert without_ignored(text) == expected


def test_what_is_left_is_named_with_its_place(project: SampleProject) -> None:
    bumpversion = '\n[tool.bumpversion]\ncurrent_version = "1.2.3"\n'
    project.write(
        {
            "pyproject.toml": '[project]\nname = "tidepool"\nversion = "1.2.3"\nrequires-python = ">=3.12"\n'
            + bumpversion,
            "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n## 1.2.3\n\n- Old.\n",
            "noxfile.py": "from seatrial import sessions\n\nsessions.build()\n",
            "tasks.py": "# mypy: ignore-errors\nfrom seatrial.tasks import ns\n",
            ".gitignore": ".nox/\ndist/\n",
            ".nox/tests/marker": "",
            "docs/release.md": "Run `seatrial release`.\n",
        }
    )
    project.git("init", "-q", "-b", "main")
    project.commit("Begin")
    (project.root / ".git/seatrial").mkdir()
    removal = plan_removal(detect_project(project.root))
    assert sorted(str(file.path) for file in removal.deleted) == [".gitignore", "noxfile.py", "tasks.py"]
    assert removal.changed == ()
    *texts, folders = removal.remarks
    assert texts == [
        "seatrial is still named in:\ndocs/release.md:1: Run `seatrial release`.",
        "[tool.bumpversion] in pyproject.toml was left: bump-my-version works without seatrial",
        "CHANGELOG.md:3: the heading without notes was left",
    ]
    assert folders.startswith(".nox, .git/seatrial")


NOTHING_ADDED = "# Nothing is added to it.\n"
SETUP = 'from setuptools import setup\n\nsetup(name="tidepool", version="1.2.3", python_requires=">=3.12")\n'


@pytest.mark.parametrize(
    ("files", "changelog"),
    [
        ({}, "fragments"),
        ({}, "unreleased"),
        ({"CHANGES.rst": "Changes\n=======\n\n1.2.3 (2024-02-29)\n------------------\n\n- Old.\n"}, "unreleased"),
        ({"CHANGELOG.md": "# Changelog\n\n## 1.2.3\n\n- Old.\n"}, "fragments"),
        # Without a line end at the end.
        ({".gitignore": "*.pyc", "pyproject.toml": f"{METADATA}\n[tool.ruff]\nline-length = 100"}, "none"),
        # Without pyproject.toml.
        ({"setup.py": SETUP}, "unreleased"),
        ({"setup.py": SETUP, "CHANGES": "Changes\n=======\n\n1.2.3\n-----\n\n- Old.\n"}, "unreleased"),
        # Next to sessions of the project.
        ({"noxfile.py": lines(OWN), ".gitignore": "*.pyc\n"}, "none"),
        ({"noxfile.py": lines(OWN)}, "unreleased"),
        ({"noxfile.py": lines(OWN), ".gitignore": ".nox/\n"}, "none"),
        # Whoever adopted it did not add the lines that init printed for a noxfile of the project's own.
        ({"noxfile.py": NOTHING_ADDED + lines(OWN), ".gitignore": "*.pyc\n"}, "unreleased"),
    ],
)
def test_removal_leaves_the_files_as_they_were(project: SampleProject, files: dict[str, str], changelog: str) -> None:
    metadata = {} if "setup.py" in files else {"pyproject.toml": METADATA}
    begin_project(project, {**metadata, **files}, "v1.2.3")
    detected = detect_project(project.root)
    parts = Parts(workflows=False, changelog=require_source("", "", changelog))
    write_proposal(detected, parts.propose(detected))
    noxfile = project.root / "noxfile.py"
    if "noxfile.py" in files and not files["noxfile.py"].startswith(NOTHING_ADDED):
        noxfile.write_text(noxfile_with_sessions(noxfile.read_text(), session_calls(detected)))
    project.commit("Adopt seatrial")
    adopted = detect_project(project.root)
    remove_files(adopted, plan_removal(adopted))
    project.git("add", "--all")
    assert project.git("diff", "--cached", "HEAD~1") == ""


@pytest.mark.slow
@pytest.mark.parametrize("source", ["fragments", "none"])
def test_what_init_wrote_is_removed_and_the_rest_is_named(tmp_path: Path, source: str) -> None:
    """The real init writes first, for a real repository on a forge: only then is all of it there."""
    repo = make_sample("setuptools-static", tmp_path)
    project = repo.project
    project.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    assert project.seatrial("init", "--yes", "--no-try", "--changelog", source).returncode == 0
    project.write({"docs/release.md": "Run `seatrial release`.\n"})
    project.commit("Adopt seatrial")
    dry_run = project.seatrial("init", "--remove", "--dry-run")
    assert (dry_run.returncode, "+++ /dev/null" in dry_run.output) == (0, True), dry_run.output
    assert project.git("status", "--short") == ""
    removed = project.seatrial("init", "--remove", "--yes")
    assert (removed.returncode, removed.was_a_traceback) == (0, False), removed.output
    assert "docs/release.md:1: Run `seatrial release`." in removed.output
    project.git("add", "--all")
    names = project.git("diff", "--cached", "--name-only", "HEAD~1").split()
    assert names == ["docs/release.md"], project.git("diff", "--cached", "HEAD~1")
    project.commit("Leave seatrial")
    assert "There is nothing to remove." in project.seatrial("init", "--remove", "--yes").output


@pytest.mark.slow
def test_removal_asks_and_leaves_unfinished_work_alone(tmp_path: Path) -> None:
    project = make_sample("setuptools-static", tmp_path).project
    assert project.seatrial("init", "--yes", "--no-try").returncode == 0
    project.commit("Adopt seatrial")
    ran = project.seatrial("init", "--remove")
    assert (ran.returncode, "nothing was removed" in ran.output) == (5, True), ran.output
    project.write({"tasks.py": (project.root / "tasks.py").read_text() + "\n"})
    refused = project.seatrial("init", "--remove", "--yes")
    assert (refused.returncode, "tasks.py has changes that are not committed" in refused.output) == (2, True)
    assert project.git("status", "--short") == " M tasks.py\n"
