"""What nox lists of the sessions."""

from __future__ import annotations

import json
import re
import sys

import pytest

from prepared_packages import package
from sample_project import HERE, SampleProject

pytestmark = pytest.mark.slow


def test_listing_names_every_python_and_describes_each_session(project: SampleProject) -> None:
    package(project, "build()", "check()", "tests()", "mypy()", "lint()", pythons=("3.9", "3.12"))
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject + "\n[tool.ruff]\n[tool.ruff.format]\n"})
    listed = json.loads(project.nox("-l", "--json").output)
    rows = [(row["session"], row["python"], row["tags"], row["description"]) for row in listed]
    both = ["ci", "release"]
    assert rows == [
        ("build", False, both, "Build the sdist of tidepool, and the wheel from that sdist, into dist/"),
        ("check", False, both, "Check that an index would accept the files in dist/ (builds them first if needed)"),
        ("tests-3.9", "3.9", both, "Run pytest against the built wheel"),
        ("tests-3.12", "3.12", both, "Run pytest against the built wheel"),
        ("mypy-3.9", "3.9", both, "Run mypy, for this Python"),
        ("mypy-3.12", "3.12", both, "Run mypy, for this Python"),
        ("lint", None, ["ci"], "Run ruff check and ruff format"),
    ]


def test_python_that_virtualenv_does_not_support_is_skipped_unless_nox_uses_uv(project: SampleProject) -> None:
    package(project, f'tests(pythons=["3.8", "{HERE}"])')
    environments = {
        "without uv": {"UV": "no-such-program"},
        "uv is not preferred": {"UV": sys.executable, "NOX_DEFAULT_VENV_BACKEND": "virtualenv"},
        "with uv": {"UV": sys.executable, "NOX_DEFAULT_VENV_BACKEND": "uv|virtualenv"},
    }
    listed = {name: json.loads(project.nox("-l", "--json", **env).output) for name, env in environments.items()}
    pythons = {name: {row["session"]: row["python"] for row in rows} for name, rows in listed.items()}
    newest, every = {"tests-3.8": False, f"tests-{HERE}": HERE}, {"tests-3.8": "3.8", f"tests-{HERE}": HERE}
    assert pythons == {"without uv": newest, "uv is not preferred": newest, "with uv": every}
    ran = project.nox("-s", "tests-3.8", UV="no-such-program")
    assert ran.returncode == 0, ran.output
    assert "virtualenv does not support Python 3.8: install uv, and prefer it in the noxfile" in ran.output


def test_keyword_arguments_bend_the_sessions(project: SampleProject) -> None:
    package(
        project,
        'tests(pythons=["3.13"], command=["python", "-m", "unittest"], tags=["slow"])',
        'lint(command=["flake8", "src"], tags=[])',
    )
    listed = json.loads(project.nox("-l", "--json").output)
    assert [(row["session"], row["tags"], row["description"]) for row in listed] == [
        ("tests-3.13", ["slow"], "Run python -m unittest against the built wheel"),
        ("lint", [], "Run flake8 src"),
    ]


def test_second_call_with_another_name_makes_sessions_that_run_when_they_are_named(project: SampleProject) -> None:
    package(
        project,
        'tests(tags=["ci"], command=["python", "-c", "print(1)"])',
        'tests(name="smoke", tags=["release"], default=False, command=["python", "-c", "print(2)"])',
    )
    for args, name in (((), f"tests-{HERE}"), (("-t", "release"), f"smoke-{HERE}")):
        ran = project.nox(*args)
        assert ran.returncode == 0, ran.output
        assert re.findall(r"Session (\S+) was successful", ran.output) == [name]


def test_lint_runs_ruff_with_the_arguments_of_the_user(project: SampleProject) -> None:
    package(project, "lint()")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject + "\n[tool.ruff]\n", "src/tidepool/a.py": "import os\n"})
    failing, fixing = project.nox("-s", "lint"), project.nox("-s", "lint", "--", "--fix")
    assert "F401" in failing.output
    assert failing.returncode == 1
    assert fixing.returncode == 0, fixing.output
    assert (project.root / "src/tidepool/a.py").read_text() == ""


def test_secrets_of_publishing_do_not_reach_the_tests(project: SampleProject) -> None:
    package(project, 'tests(command=["python", "-c", "import os; print(sorted(os.environ))"])')
    secrets = ("TWINE_PASSWORD", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "PYPI_ID_TOKEN", "UV_PUBLISH_TOKEN")
    ran = project.nox("-s", "tests", **dict.fromkeys(secrets, "pypi-AgEIcHlwaS5vcmc"), TIDE="high")
    assert ran.returncode == 0, ran.output
    assert "'TIDE'" in ran.output
    assert [name for name in secrets if name in ran.output] == []
