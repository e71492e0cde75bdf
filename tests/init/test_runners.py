"""How projects run their tests, type checks and linters today, as their files say it."""

from __future__ import annotations

from pathlib import PurePosixPath
from textwrap import indent
from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject, lines
from seatrial.ci.job_commands import programs_in
from seatrial.init.command_requirements import Needs, needs_installed
from seatrial.init.detect import read_hooks
from seatrial.init.detect_tests import detect_tests
from seatrial.init.runners import Purpose, Runner, first_runner, read_runners
from seatrial.init.sessions import types_of_hooks
from seatrial.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.init.detect_tests import DetectedTests


def runners(root: Path, files: dict[str, str]) -> tuple[Runner, ...]:
    SampleProject(root).write({"pyproject.toml": "", **{name: lines(text) for name, text in files.items()}})
    return read_runners(Project.from_directory(root), root)


def detected(root: Path, files: dict[str, str], *names: str) -> DetectedTests:
    """Return how a project with these files is tested; ``names``: more of its files, empty."""
    detected_runners = runners(root, {**files, **dict.fromkeys(names, "")})
    paths = [PurePosixPath(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return detect_tests(Project.from_directory(root), paths, detected_runners)


CI = ".github/workflows/ci.yml"
JOB = """
on: [push, pull_request]
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: pip install ruff mypy types-toml
      - run: mypy --strict pkg
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ["3.10", "3.12"]
    steps:
      - run: |
          python -m pip install -U pip
          pip install -e '.[test,fast]' -r more.txt coverage
      - run: coverage run -m pytest -v --junitxml=x.xml tests
        env:
          DEPTH: "7"
          TOKEN: ${{ secrets.TOKEN }}
"""

PATHS = """
import nox
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "pkg"
PYTHONS = ["3.12", "3.13"]
REQUIREMENTS = ["hypothesis", "attrs"]

@nox.session(python=PYTHONS)
def tests(session):
    variables = dict(SUITE=str(ROOT / "json"), DEPTH=f"{session.name}")
    session.install(*REQUIREMENTS, f"{ROOT}[fast]")
"""


@pytest.mark.parametrize(
    "body",
    [
        # What runs with arguments is not how the tests run.
        """
        if session.posargs and session.posargs[0] == "coverage":
            session.install("coverage")
            session.run("coverage", "run", "-m", "pytest", PACKAGE)
        else:
            session.run("pytest", *session.posargs, PACKAGE, env=variables)
        """,
        """
        if not session.posargs:
            session.run("pytest", str(PACKAGE), env=variables)
        else:
            session.run("pytest", "-x", *session.posargs)
        """,
        'session.run("pytest", *(session.posargs or [PACKAGE]), env=variables)',
        """
        args = session.posargs or (str(PACKAGE),)
        session.run("pytest", *args, env=variables)
        """,
        """
        if session.posargs:
            args = session.posargs
        else:
            args = [PACKAGE]
        session.run("pytest", *args, env=variables)
        """,
        """
        if len(session.posargs) == 0:
            session.run("pytest", PACKAGE, env=variables)
        else:
            session.run("pytest", "-x", *session.posargs)
        """,
    ],
)
def test_session_of_nox_is_read_as_it_runs_without_arguments(tmp_path: Path, body: str) -> None:
    text = lines(PATHS) + indent(lines(body), "    ")
    runner = first_runner(runners(tmp_path, {"noxfile.py": text}), Purpose.TESTS)
    assert runner == Runner(
        Purpose.TESTS,
        ("pytest", "pkg"),
        "noxfile.py, session tests",
        Needs(("hypothesis", "attrs"), (), ("fast",), ()),
        (("SUITE", "json"),),
        ("3.12", "3.13"),
        ("nox", "-s", "tests"),
    )


def test_command_of_ci_comes_with_what_is_installed_before_it(tmp_path: Path) -> None:
    detected_runners = runners(tmp_path, {CI: JOB})
    tests = first_runner(detected_runners, Purpose.TESTS)
    assert tests == Runner(
        Purpose.TESTS,
        ("coverage", "run", "-m", "pytest", "tests"),
        f"{CI}, job test",
        Needs(("coverage",), ("more.txt",), ("test", "fast"), ()),
        (("DEPTH", "7"),),
        ("3.10", "3.12"),
    )
    types = first_runner(detected_runners, Purpose.TYPES)
    assert types
    assert (types.command, types.needs.requirements) == (("mypy", "--strict", "pkg"), ("mypy", "types-toml"))


TOX = """
[tox]
envlist = py{39,312}
[testenv]
extras = fast
deps = pytest-cov
commands = pytest --cov=pkg {posargs:tests}
[testenv:types]
deps = mypy==1.8.0
commands = mypy pkg
"""
NOX = """
import nox

PYTHONS = ["3.9"]

@nox.session(python=["3.9", "3.12"], name="unit")
def run_tests(session):
    session.install("-e", ".[fast]", "pytest-cov")
    session.run("pytest", "--cov=pkg", "tests", *session.posargs)
"""


@pytest.mark.parametrize(
    ("call", "files", "where"),
    [
        ("tox", {"tox.ini": TOX}, "tox.ini [testenv]"),
        ("tox -e py312", {"tox.ini": TOX}, "tox.ini [testenv]"),
        ("nox -s unit-3.12", {"noxfile.py": NOX}, "noxfile.py, session unit"),
        (
            "make check",
            {
                "Makefile": "check: test lint\n\ntest:\n\t@pip install -e .[fast] pytest-cov\n\t@pytest --cov=pkg "
                "--cov-report=html tests $(ARGS)\n"
            },
            "Makefile test",
        ),
        (
            "just test",
            {
                "justfile": "test *args:\n    uv run --extra fast --with pytest-cov pytest --cov=pkg tests {{args}}\n",
            },
            "justfile test",
        ),
        # With a default for its arguments, and a condition.
        (
            "just python=3.12 test",
            {
                "Justfile": """
                python := ""

                test *args="--ff --cov=pkg tests":
                    uv run {{ if python != '' { '-p ' + python } }} --extra fast --with pytest-cov pytest {{args}}

                bench:
                    pytest bench --benchmark-save base
                """
            },
            "Justfile test",
        ),
        (
            "scripts/test",
            {"scripts/test": '#!/bin/sh -e\nexport PREFIX="venv/bin/"\n\n${PREFIX}pytest --cov=pkg tests "$@"\n'},
            f"{CI}, job test, scripts/test",
        ),
        (
            "hatch run test",
            {
                "pyproject.toml": """
                [tool.hatch.envs.default]
                features = ["fast"]
                dependencies = ["pytest-cov"]
                scripts.test = "pytest --cov=pkg {args:tests}"
                """
            },
            "pyproject.toml [tool.hatch.envs.default.scripts] test",
        ),
        (
            "pdm run test",
            {"pyproject.toml": '[tool.pdm.scripts]\ntest = { cmd = ["pytest", "--cov=pkg", "tests"] }\n'},
            "pyproject.toml [tool.pdm.scripts] test",
        ),
        (
            "poetry run poe check",
            {"pyproject.toml": '[tool.poe.tasks]\ncheck = ["test"]\ntest = "pytest --cov=pkg tests"\n'},
            "pyproject.toml [tool.poe.tasks] test",
        ),
    ],
)
def test_target_that_ci_calls_is_followed_to_its_command(
    tmp_path: Path, call: str, files: dict[str, str], where: str
) -> None:
    job = f"on: push\njobs:\n  test:\n    runs-on: x\n    steps: [{{run: {call}}}]\n"
    for contents in ({**files, CI: job}, files):
        runner = first_runner(runners(tmp_path, contents), Purpose.TESTS)
        assert runner
        assert (runner.command, runner.where) == (("pytest", "--cov=pkg", "tests"), where)


def test_what_ci_runs_comes_before_a_file_that_it_does_not_read(tmp_path: Path) -> None:
    detected_runners = runners(tmp_path, {CI: JOB, "tox.ini": TOX, "Makefile": "test:\n\tpytest old\n"})
    assert [runner.where for runner in detected_runners if runner.purpose is Purpose.TESTS] == [
        *(f"{CI}, job test", "tox.ini [testenv]", "Makefile test")
    ]


@pytest.mark.parametrize(
    ("script", "needs"),
    [
        ("pip install -U pip setuptools", Needs()),
        (
            "pip install bandit black codespell flake8 flake8_bugbear mypy pytest pyupgrade safety",
            Needs(("mypy", "pytest")),
        ),
        ("pip install '.[a]' 'x>=1' -c constraints.txt -r dev.txt", Needs(("x>=1",), ("dev.txt",), ("a",))),
        ("uv pip install -e .[a,b] --group test", Needs((), (), ("a", "b"), ("test",))),
        ("uv sync --extra a --group=b --locked", Needs((), (), ("a",), ("b",))),
        ("poetry install --with test,docs -E 'a b'", Needs((), (), ("a", "b"), ("test", "docs", "*"))),
        ("poetry install --only test", Needs((), (), (), ("test",))),
        ("pdm install -G a,b", Needs((), (), ("a", "b"))),
        ("uv pip install --resolution lowest-direct --python 3.12 x", Needs(("x",))),
        ("pip install -c constraints.txt x --index-url URL y", Needs(("x", "y"))),
        ("pip install $PACKAGES ./other x.whl", Needs()),
    ],
)
def test_what_an_installer_installs(script: str, needs: Needs) -> None:
    (program,) = programs_in(script)
    assert needs_installed(program) == needs


def test_requirement_for_some_pythons_has_a_marker_and_the_newest_variant_counts(tmp_path: Path) -> None:
    tox = """
    [tox]
    envlist = py{39,312}-{old,new}
    [testenv]
    deps =
        pytest
        py39: tomli
        old: django<5
        new: django>=5
    commands = pytest
    """
    runner = first_runner(runners(tmp_path, {"tox.ini": tox}), Purpose.TESTS)
    assert runner
    assert set(runner.needs.requirements) == {"pytest", "django>=5", "tomli; python_version == '3.9'"}
    assert runner.pythons == ("3.9", "3.12")


HOOKS = """
repos:
  - repo: https://github.com/pre-commit/mirrors-mypy
    rev: 41e691678310dfd3833f7ab4e180ddb014310356  # frozen: v1.8.0
    hooks:
      - id: mypy
        exclude: ^tests/
        args: [--strict]
        additional_dependencies: [types-toml, "pytest; python_version > '3'"]
"""


def test_hook_of_mypy_has_its_version_its_arguments_and_its_requirements(tmp_path: Path) -> None:
    SampleProject(tmp_path).write({".pre-commit-config.yaml": HOOKS})
    hooks = read_hooks(tmp_path)
    assert [hook.takes(path) for hook in hooks for path in ("tests/test_it.py", "pkg/it.py")] == [False, True]
    assert types_of_hooks(hooks) == Runner(
        Purpose.TYPES,
        ("mypy", "--strict"),
        ".pre-commit-config.yaml, hook mypy",
        Needs(("mypy==1.8.0", "types-toml", "pytest; python_version > '3'")),
    )


@pytest.mark.parametrize(("args", "words"), [("", ("--ignore-missing-imports",)), ("args: []", ())])
def test_arguments_of_the_hook_of_mypy_are_its_own_where_the_project_names_none(
    tmp_path: Path, args: str, words: tuple[str, ...]
) -> None:
    SampleProject(tmp_path).write({".pre-commit-config.yaml": HOOKS.replace("args: [--strict]", args)})
    runner = types_of_hooks(read_hooks(tmp_path))
    assert runner
    assert runner.command == ("mypy", *words)


@pytest.mark.parametrize("text", ["", "- 1\n", "repos: 3\n", "repos: [{hooks: [1]}]\n", "{", "repos: [{rev: 1}]\n"])
def test_hooks_that_can_not_be_read_are_none(tmp_path: Path, text: str) -> None:
    SampleProject(tmp_path).write({".pre-commit-config.yaml": text})
    assert read_hooks(tmp_path) == ()


GROUPED = '[project]\nname = "pkg"\n[dependency-groups]\ntest = ["pytest"]\n'


def test_path_into_the_package_is_its_module_because_the_wheel_is_tested(tmp_path: Path) -> None:
    files = {"pyproject.toml": GROUPED, "tox.ini": "[testenv]\ncommands = pytest --doctest-modules src tests\n"}
    runner = detected(tmp_path, files, "src/pkg/__init__.py", "tests/test_it.py")
    assert runner.command == ("pytest", "--doctest-modules", "--pyargs", "pkg", "tests")
    inside = {"pyproject.toml": GROUPED, "tox.ini": "[testenv]\ncommands = pytest pkg/tests/test_it.py::test_one\n"}
    (tmp_path / "flat").mkdir()
    runner = detected(tmp_path / "flat", inside, "pkg/__init__.py", "pkg/tests/__init__.py", "pkg/tests/test_it.py")
    assert runner.command == ("pytest", "--pyargs", "pkg.tests.test_it::test_one")


@pytest.mark.parametrize(
    ("command", "expected", "added"),
    [
        ("pytest", ("coverage", "run", "-m", "pytest"), ("coverage[toml]",)),
        ("python -m unittest", ("coverage", "run", "-m", "unittest"), ("coverage[toml]",)),
        ("pytest --cov", ("pytest", "--cov"), ("pytest-cov",)),
    ],
)
def test_coverage_that_is_configured_is_measured(
    tmp_path: Path, command: str, expected: tuple[str, ...], added: tuple[str, ...]
) -> None:
    files = {
        "pyproject.toml": f"{GROUPED}[tool.coverage.run]\nbranch = true\n",
        "tox.ini": f"[testenv]\ndependency_groups = test\ncommands = {command}\n",
    }
    runner = detected(tmp_path, files, "src/pkg/__init__.py", "tests/test_it.py")
    assert (runner.command, runner.needs.requirements, runner.needs.groups) == (expected, added, ("test",))


def test_job_that_measures_counts_where_coverage_is_configured(tmp_path: Path) -> None:
    tox = (
        "[tox]\nenvlist = py312\n[testenv]\nextras = fast\ncommands = pytest\n[testenv:cov]\ncommands = pytest --cov\n"
    )
    pyproject = '[project]\nname = "pkg"\n[project.optional-dependencies]\nfast = ["pytest", "pytest-cov"]\n'
    files = {"pyproject.toml": f"{pyproject}[tool.coverage.run]\n", "tox.ini": tox}
    runner = detected(tmp_path, files, "pkg/__init__.py", "tests/test_it.py")
    assert (runner.command, runner.needs) == (("pytest", "--cov"), Needs(extras=("fast",)))


def test_group_of_another_name_and_an_extra_of_another_spelling_are_those_that_the_project_declares(
    tmp_path: Path,
) -> None:
    pyproject = """
    [project]
    name = "pkg"
    [project.optional-dependencies]
    Fast_Parts = ["rich"]
    [dependency-groups]
    unit = ["pytest"]
    """
    job = "on: push\njobs: {t: {runs-on: x, steps: [{run: 'pdm install -G fast-parts -G unit -G gone && pytest'}]}}\n"
    runner = detected(tmp_path, {"pyproject.toml": pyproject, CI: job}, "pkg/__init__.py", "tests/test_it.py")
    assert runner.needs == Needs(extras=("Fast_Parts",), groups=("unit",))


def test_project_without_tests_has_none(tmp_path: Path) -> None:
    assert detected(tmp_path, {"pyproject.toml": GROUPED}, "pkg/__init__.py").command is None
