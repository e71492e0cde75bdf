"""The sessions that a project gets: as its own files run its tests and type checks, with what they need."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nox.project import load_toml
from packaging.requirements import Requirement

from sample_project import lines
from sample_projects import make_sample
from seatrial import __version__
from seatrial.init.detect import detect_project
from seatrial.init.files import session_calls
from seatrial.init.propose import Parts
from seatrial.init.sessions import has_block, nox_requirement, plan_sessions, script_block, seatrial_requirement
from seatrial.init.trial import part_to_release
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from sample_project import SampleProject
    from seatrial.init.detect import DetectedProject


PYPROJECT = METADATA + 'requires-python = ">=3.11"\n'
CLASSIFIED = """
classifiers = ["Programming Language :: Python :: 3.12", "Programming Language :: Python :: 3.13"]
"""
MATRIX = """
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python-version: ["3.12", "3.14"]
    steps:
      - run: pip install . pytest
      - run: pytest tests
"""
POETRY = """
[build-system]
requires = ["poetry-core>=2"]
build-backend = "poetry.core.masonry.api"

[project]
name = "tidepool"
version = "1.2.3"
requires-python = ">=3.12,<3.14"
dynamic = ["classifiers"]

[tool.poetry.group.dev.dependencies]
pytest = "^8.0"
"""


def detect(project: SampleProject, files: dict[str, str], tag: str = "v1.2.3") -> DetectedProject:
    """Return a project with some files, with a test and a tag; ``pyproject.toml`` is added to."""
    pyproject = files.get("pyproject.toml", "\n")
    text = pyproject if "build-system" in pyproject else PYPROJECT + lines(pyproject)
    contents = {name: lines(content) for name, content in files.items()}
    contents["ruff.toml"] = "line-length = 200\n"
    begin_project(project, {"tests/test_tide.py": "", **contents, "pyproject.toml": lines(text)}, tag)
    return detect_project(project.root)


@pytest.mark.parametrize(
    ("files", "call"),
    [
        # Coverage, as tox measures it.
        (
            {"tox.ini": "[testenv]\ndeps =\n  pytest\n  coverage[toml]\ncommands = coverage run -m pytest {posargs}"},
            'sessions.tests(requirements=["pytest", "coverage[toml]"], command=["coverage", "run", "-m", "pytest"])',
        ),
        (
            {"tox.ini": "[testenv]\ndeps = pytest-cov\ncommands = pytest --cov=tidepool {posargs:tests}"},
            'sessions.tests(requirements=["pytest-cov"], command=["pytest", "--cov=tidepool", "tests"])',
        ),
        # Types, with the paths, arguments, version and requirements of where mypy runs today.
        (
            {"tox.ini": "[testenv:types]\ndeps =\n  mypy==1.10\n  types-toml\ncommands = mypy --strict tidepool"},
            'sessions.mypy(requirements=["mypy==1.10", "types-toml"], command=["mypy", "--strict", "tidepool"])',
        ),
        (
            {
                "tox.ini": "[testenv]\ndeps =\n  attrs\n  pytest-cov\ncommands = pytest --cov",
                "mypy.ini": "[mypy]\nstrict = true",
            },
            'sessions.mypy(requirements=["attrs"], tags=["ci"])',
        ),
        (
            {
                "pyproject.toml": '[tool.mypy]\nfiles = ["tidepool"]',
                "requirements-dev.txt": "-r more.txt\nmypy==1.9",
                "more.txt": "pytest",
            },
            'sessions.mypy(requirements=["requirements-dev.txt"])',
        ),
        (
            {
                "pyproject.toml": '[dependency-groups]\ntest = ["pytest", "mypy; python_version == \'3.12\'"]\n'
                '[tool.mypy]\nfiles = ["tidepool"]',
            },
            'sessions.mypy(pythons=["3.12"])',
        ),
        # Extras, of tox and of CI.
        (
            {
                "pyproject.toml": '[project.optional-dependencies]\nfast = ["cython"]',
                "tox.ini": "[testenv]\nextras = fast\ndeps = pytest\ncommands = pytest",
            },
            'sessions.tests(extras=["fast"], requirements=["pytest"])',
        ),
        (
            {
                "pyproject.toml": '[project.optional-dependencies]\nfast = ["cython"]\nchecks = ["pytest"]',
                ".github/workflows/ci.yml": "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n"
                "      - run: uv sync --extra fast --extra checks\n      - run: uv run pytest -x",
            },
            'sessions.tests(extras=["fast", "checks"], command=["pytest", "-x"])',
        ),
        # Paths: a folder next to the tests has a conftest that needs more.
        (
            {
                "tox.ini": "[testenv]\ndeps = pytest\ncommands = pytest {posargs:tests/}",
                "benchmarks/conftest.py": "import pytest_benchmark",
                "benchmarks/test_speed.py": "",
            },
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests/"])',
        ),
        # A part of the tests, and benchmarks, are not the tests.
        (
            {
                "tox.ini": "[tox]\nenv_list = py3{11-12}-{tests,mypy}\n[testenv]\ndeps = pytest\ncommands =\n"
                "  tests: pytest {posargs:-n auto}\n  mypy: pytest -k test_mypy",
            },
            'sessions.tests(pythons=["3.11", "3.12"], requirements=["pytest"], command=["pytest", "-n", "auto"])',
        ),
        (
            {
                "Makefile": "slow:\n\tpytest -m slow\n\nbench:\n\tpytest bench --benchmark-compare\n\n"
                "all:\n\tpytest -m 'not slow'"
            },
            'sessions.tests(requirements=["pytest"], command=["pytest", "-m", "not slow"])',
        ),
        (
            {"Makefile": "sample:\n\tpytest -k Sample\n"},
            'sessions.tests(requirements=["pytest"])',
        ),
        (
            {"tox.ini": "[tox]\nenv_list = py3{12,13}, stress-py313\n[testenv]\ndeps = pytest\ncommands = pytest"},
            'sessions.tests(pythons=["3.12", "3.13"], requirements=["pytest"])',
        ),
        (
            {
                "tox.ini": "[testenv]\ndeps = pytest\ncommands = pytest\n[testenv:plugins]\n"
                "commands = pytest --cov=. simple.py\n",
                ".coveragerc": "[run]",
                "simple.py": "",
            },
            'sessions.tests(requirements=["pytest", "coverage[toml]"], command=["coverage", "run", "-m", "pytest"])',
        ),
        # In a function of the noxfile, and next to the tests of another project.
        (
            {
                "noxfile.py": "import nox\ndef run_tests(session, *more):\n    session.install('pytest')\n"
                "    session.run('pytest', 'tests', *more)\n@nox.session\ndef downstream_other(session):\n"
                "    session.run('pytest', 'other')\n@nox.session\ndef unit(session):\n    run_tests(session)",
            },
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests"])',
        ),
        # A path that a variable of the environment has.
        (
            {
                "tox.ini": "[testenv]\ndeps = pytest\nsetenv =\n  TESTPATH=tests/core\n"
                "commands = pytest {posargs: {env:TESTPATH}}",
            },
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests/core"], env={"TESTPATH": "tests/core"})',
        ),
        # An older form of {posargs}, and an installer.
        (
            {"tox.ini": "[testenv]\ndeps =\n  poetry\n  pytest\ncommands = pytest tests []"},
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests"])',
        ),
        # An option whose value is computed.
        (
            {
                "noxfile.py": 'import nox\n@nox.session\ndef typing(session):\n    session.install("mypy")\n'
                '    session.run("mypy", "--config", PYPROJECT, "tidepool")',
            },
            'sessions.mypy(command=["mypy", "tidepool"])',
        ),
        # What the wheel brings is not pinned by a hook.
        (
            {
                "pyproject.toml": 'dependencies = ["click>=8.1"]',
                ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/pre-commit/mirrors-mypy\n"
                "  rev: v1.10.0\n  hooks:\n  - id: mypy\n    additional_dependencies: [click==8.0.1, types-toml]",
            },
            'sessions.mypy(requirements=["mypy==1.10.0", "types-toml"], command=["mypy", "--ignore-missing-imports"])',
        ),
        # A task runner.
        (
            {
                "pyproject.toml": '[dependency-groups]\ntest = ["pytest"]',
                "justfile": "test *args:\n    uv run --group test pytest {{args}} tests",
            },
            'sessions.tests(command=["pytest", "tests"])',
        ),
        (
            {"Makefile": "check:\n\tpython -m pytest tests"},
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests"])',
        ),
    ],
)
def test_session_runs_what_the_project_runs_today(project: SampleProject, files: dict[str, str], call: str) -> None:
    assert call in session_calls(detect(project, files))


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.pyright]\n"},
        {"pyrightconfig.json": "{}"},
        {"ty.toml": ""},
        {"config/ty.toml": ""},
        {".pre-commit-config.yaml": "repos: [{repo: local, hooks: [{id: basedpyright, entry: basedpyright}]}]"},
    ],
)
def test_types_that_another_tool_checks_get_no_mypy(project: SampleProject, files: dict[str, str]) -> None:
    with_types = {"tidepool/py.typed": "", **files}
    assert "mypy" not in {session.name for session in plan_sessions(detect(project, with_types))}
    both = {**with_types, "mypy.ini": "[mypy]"}
    project.write(both)
    assert "mypy" in {session.name for session in plan_sessions(detect_project(project.root))}


def test_tests_are_what_pytest_is_configured_to_take_for_tests(project: SampleProject) -> None:
    settings = '[dependency-groups]\ndev = ["pytest-relaxed"]\n[tool.pytest.ini_options]\npython_files = "*"\n'
    project.write({"checks/tide.py": "class Tide:\n    def rises(self): ...\n"})
    files = {"pyproject.toml": f'{settings}testpaths = ["checks"]\n'}
    detected = detect(project, files)
    (project.root / "tests/test_tide.py").unlink()
    assert "sessions.tests()" in session_calls(detect_project(project.root))
    assert detected.tests.command == ("pytest",)


def test_commands_that_tox_runs_one_after_the_other_are_sessions_each(project: SampleProject) -> None:
    tox = """
    [testenv]
    deps = pytest
    commands =
        pytest tests
        pytest --doctest-modules tidepool
    """
    calls = session_calls(detect(project, {"tox.ini": tox}))
    assert calls[2] == 'sessions.tests(requirements=["pytest"], command=["pytest", "tests"])'
    words = 'command=["pytest", "--doctest-modules", "--pyargs", "tidepool"]'
    assert calls[3] == f'sessions.tests(name="doctest", requirements=["pytest"], {words})'


@pytest.mark.parametrize(
    ("files", "pythons", "call"),
    [
        # requires-python, where no classifier names one and Poetry would add them.
        ({"pyproject.toml": POETRY}, ("3.12", "3.13"), "sessions.tests()"),
        # Classifiers come before the matrix of CI, and none is added.
        (
            {"pyproject.toml": CLASSIFIED, ".github/workflows/ci.yml": MATRIX},
            ("3.12", "3.13"),
            'sessions.tests(requirements=["pytest"], command=["pytest", "tests"])',
        ),
    ],
)
def test_pythons_are_the_same_for_all_whatever_names_them(
    project: SampleProject, files: dict[str, str], pythons: tuple[str, ...], call: str
) -> None:
    detected = detect(project, files)
    assert (detected.project.pythons, call in session_calls(detected)) == (pythons, True)
    assert "classifiers" not in Parts().propose(detected).diff


def test_pythons_of_ci_are_tested_where_nothing_else_names_them(project: SampleProject) -> None:
    calls = session_calls(detect(project, {".github/workflows/ci.yml": MATRIX}))
    tests = next(call for call in calls if call.startswith("sessions.tests("))
    assert 'pythons=["3.12", "3.14"]' in tests


@pytest.mark.parametrize(("tag", "part"), [("v1.2.2", "auto"), ("v1.2.3", "patch"), ("v1.3.0", "patch")])
def test_version_that_is_in_the_files_already_is_released_as_it_is(project: SampleProject, tag: str, part: str) -> None:
    assert part_to_release(detect(project, {}, tag)) == part


def test_nothing_about_seatrial_is_in_what_the_users_of_the_project_read(project: SampleProject) -> None:
    changelog = "# Changelog\n\n## 1.2.3\n\n- Old.\n"
    proposal = Parts().propose(detect(project, {"CHANGELOG.md": changelog, "README.md": "Tides.\n"}))
    named = [str(file.path) for file in proposal if "seatrial" in file.new]
    assert named == ["noxfile.py", "tasks.py"]
    assert proposal.lines < 25


@pytest.mark.slow
def test_version_that_a_module_imports_is_found_where_it_is_written(project: SampleProject) -> None:
    """A release finds it there too, so init adds no settings of bump-my-version."""
    flit = """
    [build-system]
    requires = ["flit_core>=3.11"]
    build-backend = "flit_core.buildapi"

    [project]
    name = "tidepool"
    dynamic = ["version", "description"]
    """
    module = '"""Tides."""\n\nfrom .data import RELEASE as __version__\n'
    files = {"pyproject.toml": flit, "tidepool/__init__.py": module, "tidepool/data.py": 'RELEASE = "1.2.3"'}
    detected = detect(project, files)
    assert detected.version_source == 'tidepool/data.py: RELEASE = "1.2.3"'
    assert "bumpversion" not in Parts().propose(detected).diff


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
