"""What init does where it can't go on: a clear error, or no change; the project is as it was."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sample_project import HERE, WITHOUT_ACCOUNTS
from sample_projects import make_sample
from seatrial.init.detect import detect_project
from seatrial.init.files import session_calls
from seatrial.init.propose import Parts
from seatrial.init.sessions import script_block

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Return a project with a changelog that was kept by hand."""
    return make_sample("setuptools-static", tmp_path, "3.12")


def nothing_happens(repo: ReleaseRepo, message: str, *args: str, code: int = 2) -> None:
    """Init ends with a message, and every file is as it was."""
    before = repo.state()
    ran = repo.project.seatrial("init", *(args or ("--yes", "--no-try")))
    assert not ran.was_a_traceback
    assert (ran.returncode, message in ran.output) == (code, True), ran.output
    assert repo.state() == before


def test_dry_run_and_no_terminal_write_nothing(repo: ReleaseRepo) -> None:
    nothing_happens(repo, "+++ b/noxfile.py", "--dry-run", "--no-try", code=0)
    nothing_happens(repo, "there is no terminal to ask on: nothing was written", "--project", ".", code=5)


def test_file_with_unfinished_work_is_not_written_into(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGES.rst": repo.read("CHANGES.rst") + "Unfinished\n"})
    nothing_happens(repo, "CHANGES.rst has changes that are not committed")


def test_uncommitted_changes_elsewhere_are_kept(repo: ReleaseRepo) -> None:
    repo.project.write({"tidepool/__init__.py": "UNFINISHED = 1\n"})
    assert repo.project.seatrial("init", "--yes", "--no-try").returncode == 0
    assert repo.read("tidepool/__init__.py") == "UNFINISHED = 1\n"


def test_pyproject_that_does_not_parse_is_named_with_its_line(repo: ReleaseRepo) -> None:
    repo.project.write({"pyproject.toml": "[project\n"})
    nothing_happens(repo, "(at line 1, column 9)")


def test_link_out_of_the_repository_is_not_followed(repo: ReleaseRepo, tmp_path: Path) -> None:
    outside = tmp_path / "CHANGES.rst"
    (repo.project.root / "CHANGES.rst").rename(outside)
    (repo.project.root / "CHANGES.rst").symlink_to(outside)
    repo.project.commit()
    text = outside.read_text()
    nothing_happens(repo, "leads out of the repository")
    assert outside.read_text() == text


@pytest.mark.parametrize("name", ["pyproject.toml", ".github"])
def test_file_and_folder_that_are_links_out_of_the_repository_are_not_written_to(
    repo: ReleaseRepo, tmp_path: Path, name: str
) -> None:
    inside, outside = repo.project.root / name, tmp_path / "outside"
    if inside.exists():
        inside.rename(outside)
    else:
        outside.mkdir()
    inside.symlink_to(outside)
    repo.project.commit()
    before = sorted(tmp_path.glob("outside/**/*")), outside.is_file() and outside.read_text()
    nothing_happens(repo, "leads out of the repository", "--yes", "--no-try", "--changelog", "fragments")
    assert (sorted(tmp_path.glob("outside/**/*")), outside.is_file() and outside.read_text()) == before


@pytest.mark.parametrize(("name", "mode"), [("CHANGES.rst", 0o444), (".", 0o555)])
def test_what_is_read_only_stays_as_it_is(repo: ReleaseRepo, name: str, mode: int) -> None:
    path, before = repo.project.root / name, repo.state()
    kept = path.stat().st_mode
    path.chmod(mode)
    try:
        ran = repo.project.run(*WITHOUT_ACCOUNTS, sys.executable, "-m", "seatrial", "init", "--yes", "--no-try")
        assert (ran.returncode, "Permission denied" in ran.output, ran.was_a_traceback) == (4, True, False), ran.output
    finally:
        path.chmod(kept)
    assert repo.state() == before
    assert [path.name for path in repo.project.root.rglob(".*.seatrial")] == []


def test_second_run_changes_nothing(repo: ReleaseRepo) -> None:
    assert repo.project.seatrial("init", "--yes", "--no-try").returncode == 0
    nothing_happens(repo, "There is nothing to write.", "--yes", "--no-try", code=0)


@pytest.mark.parametrize(
    ("forge", "file"), [("github.com", ".github/workflows/ci.yml"), ("gitlab.com", ".gitlab-ci.yml")]
)
def test_files_of_ci_are_written_in_the_first_run_also_where_they_need_what_it_writes(
    tmp_path: Path, forge: str, file: str
) -> None:
    repo = make_sample("setuptools-cfg", tmp_path)
    classifier = f"classifiers =\n    Programming Language :: Python :: {HERE}\n"
    repo.project.write({"setup.cfg": repo.read("setup.cfg").replace(classifier, "")})
    repo.project.commit()
    repo.project.git("remote", "set-url", "origin", f"https://{forge}/acme/tidepool.git")
    assert repo.project.seatrial("init", "--yes", "--no-try").returncode == 0
    assert "3.13" in repo.read(file)
    nothing_happens(repo, "There is nothing to write.", "--yes", "--no-try", code=0)


def test_failing_setup_script_is_reported_and_leaves_nothing_behind(tmp_path: Path) -> None:
    repo = make_sample("setuptools-computed", tmp_path)
    repo.project.write({"setup.py": repo.read("setup.py").replace("setup(\n", 'raise ValueError("no tide")\nsetup(\n')})
    repo.project.commit()
    ran = repo.project.seatrial("init", "--yes", "--no-try")
    assert (ran.returncode, ran.was_a_traceback) == (0, False), ran.output
    remark = ran.output[ran.output.index("- the build backend could not build the wheel") :]
    assert "  ValueError: no tide\n" in remark
    assert "tool.seatrial" not in repo.read("pyproject.toml")
    assert repo.project.git("status", "--short", "--ignored", "tide_pool", "*.egg-info", "build") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no file because of its mode")
def test_setup_script_may_run_a_script_of_the_project(tmp_path: Path) -> None:
    repo = make_sample("setuptools-computed", tmp_path)
    subprocess_call = 'import subprocess\n\nname = subprocess.check_output(["./name.sh"], text=True).strip()\n'
    script = repo.read("setup.py").replace('"-".join(["tide", "pool"])', "name")
    repo.project.write({"setup.py": subprocess_call + script, "name.sh": "#!/bin/sh\necho tide-pool\n"})
    (repo.project.root / "name.sh").chmod(0o755)
    repo.project.commit()
    ran = repo.project.seatrial("init", "--yes", "--no-try")
    assert (ran.returncode, ran.was_a_traceback) == (0, False), ran.output
    assert '[tool.seatrial]\nname = "tide-pool"' in repo.read("pyproject.toml")


def test_folder_without_a_package_is_refused(repo: ReleaseRepo) -> None:
    (repo.project.root / "empty").mkdir()
    nothing_happens(repo, "so it holds no Python package", "--project", "empty")


def test_folder_without_git_is_refused(tmp_path: Path) -> None:
    repo = make_sample("setuptools-static", tmp_path)
    (repo.project.root / ".git").rename(tmp_path / "gone")
    ran = repo.project.seatrial("init", "--yes", "--no-try")
    assert (ran.returncode, "is not in a git repository" in ran.output) == (5, True)
    assert not (repo.project.root / "noxfile.py").exists()


def test_noxfile_and_tasks_of_the_project_are_kept_and_the_lines_to_add_are_printed(repo: ReleaseRepo) -> None:
    repo.project.write({"noxfile.py": "import nox\n", "tasks.py": "import invoke\n"})
    repo.project.commit()
    ran = repo.project.seatrial("init", "--yes", "--no-try")
    assert ran.returncode == 0
    assert f"- noxfile.py is yours and was left alone; add to it:\n{BLOCK}  from seatrial import sessions" in ran.output
    assert "- tasks.py is yours and was left alone: every task runs without it, such as seatrial status\n" in ran.output
    assert (repo.read("noxfile.py"), repo.read("tasks.py")) == ("import nox\n", "import invoke\n")


BLOCK = "".join(f"  {line}" for line in script_block().splitlines(keepends=True))
NOXFILE = """\
import nox


@nox.session(name="tests", python=["3.12"])
def own(session):
    pass


@nox.session
def build(session):
    pass


@nox.session()
def lint(session):
    pass


def mypy(session):
    pass
"""


def test_file_that_git_ignores_is_let_in(repo: ReleaseRepo) -> None:
    repo.project.write({".gitignore": "/noxfile.py\n.nox/\ndist/\n.coverage\n*.txt\n"})
    repo.project.commit()
    assert repo.project.seatrial("init", "--yes", "--no-try").returncode == 0
    assert repo.read(".gitignore") == "/noxfile.py\n.nox/\ndist/\n.coverage\n*.txt\n!/noxfile.py\n"
    assert "noxfile.py" in repo.project.git("ls-files", "--others", "--exclude-standard").split()
    repo.project.commit("Adopt seatrial")
    assert repo.project.seatrial("init", "--yes", "--no-try").output.endswith("nothing to write.\n")


OLDEST = '"Programming Language :: Python :: 3.10"'


def test_sessions_that_the_project_has_are_not_replaced(repo: ReleaseRepo) -> None:
    settings = '\n[tool.mypy]\nfiles = ["tidepool", "tests", "noxfile.py"]\n\n[tool.ruff]\n'
    repo.project.write({"noxfile.py": NOXFILE, "pyproject.toml": repo.read("pyproject.toml") + settings})
    repo.project.commit()
    remarks = Parts(workflows=True).propose(detect_project(repo.project.root)).remarks
    lines = (
        f"noxfile.py is yours and was left alone; add to it:\n{script_block()}from seatrial import sessions\n\n"
        'sessions.build()\nsessions.check()\nsessions.tests(name="wheel", extras=["testing"])\n'
        'sessions.mypy(extras=["testing"], command=["mypy", "tidepool", "tests"])'
    )
    assert remarks[:2] == (lines, "noxfile.py has a session build already, and nox takes one of a name: rename yours")


@pytest.mark.parametrize(
    ("classifiers", "settings", "call"),
    [
        # Without files, the tests are checked, too, with what they import.
        (
            OLDEST,
            'python_version = "3.10"\nstrict = true',
            'sessions.mypy(pythons=["3.10"], extras=["testing"], tags=["ci"])',
        ),
        (
            OLDEST,
            'python_version = "3.10"\nwarn_unused_ignores = true\nfiles = ["tidepool", "noxfile.py"]',
            'sessions.mypy(pythons=["3.10"], command=["mypy", "tidepool"])',
        ),
        # init names the Pythons that requires-python admits.
        ("", 'python_version = 3.13\nstrict = true\nfiles = ["tidepool"]', 'sessions.mypy(pythons=["3.13"])'),
        (OLDEST, 'python_version = "3.11"\nstrict = true\nfiles = ["tidepool"]', "sessions.mypy()"),
        (OLDEST, 'python_version = "3.10"\nfiles = ["tidepool"]', "sessions.mypy()"),
    ],
)
def test_mypy_with_warn_unused_ignores_runs_for_its_configured_python(
    repo: ReleaseRepo, classifiers: str, settings: str, call: str
) -> None:
    named = re.sub(r"classifiers = .*", f"classifiers = [{classifiers}]", repo.read("pyproject.toml"))
    repo.project.write({"pyproject.toml": f"{named}\n[tool.mypy]\n{settings}\n"})
    assert call in session_calls(detect_project(repo.project.root))


def test_run_that_was_killed_at_any_step_of_its_writing_is_finished_by_the_next(repo: ReleaseRepo) -> None:
    here = Path(__file__).resolve().parent.parent / "killed_runs.py"
    ran = repo.project.run(sys.executable, str(here), PYTHONDONTWRITEBYTECODE="1")
    assert ran.returncode == 0, ran.output
    ends = [end.partition("\0")[2] for end in ran.output.split("\0\0")[:-1]]
    assert len(ends) > len(repo.project.git("ls-files", "--others").splitlines()) * 3
    assert set(ends) == {ends[-1]}


def test_line_ends_of_a_file_stay_as_they_are(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGES.rst": repo.read("CHANGES.rst").replace("\n", "\r\n")})
    repo.project.commit()
    assert repo.project.seatrial("init", "--yes", "--no-try", "--changelog", "fragments").returncode == 0
    text = repo.read("CHANGES.rst")
    assert ".. towncrier release notes start\r\n" in text
    assert text.count("\n") == text.count("\r\n")
