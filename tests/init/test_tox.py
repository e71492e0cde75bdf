"""What the environments of tox run, read without tox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject, lines
from seatrial.init.tox import ToxEnvironment, expand_braces, python_of_factor, read_tox

if TYPE_CHECKING:
    from pathlib import Path


def environments(root: Path, name: str, text: str) -> dict[str, ToxEnvironment]:
    SampleProject(root).write({name: lines(text)})
    return {env.name: env for env in read_tox(root)}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("py{39,310}", ["py39", "py310"]),
        ("py{310-312}t", ["py310t", "py311t", "py312t"]),
        ("py{3.9, 3.10}-{a,b}", ["py3.9-a", "py3.9-b", "py3.10-a", "py3.10-b"]),
        ("lint", ["lint"]),
    ],
)
def test_pattern_is_expanded_to_names(pattern: str, names: list[str]) -> None:
    assert expand_braces(pattern) == names


@pytest.mark.parametrize(
    ("factor", "python"),
    [("py39", "3.9"), ("py3.12", "3.12"), ("3.14", "3.14"), ("py314t", "3.14t"), ("pypy3", None), ("django42", None)],
)
def test_python_is_read_from_the_name_of_an_environment(factor: str, python: str | None) -> None:
    assert python_of_factor(factor) == python


def test_environment_gets_what_is_for_its_factors_and_what_other_sections_say(tmp_path: Path) -> None:
    by_name = environments(
        tmp_path,
        "tox.ini",
        """
        [tox]
        envlist = py{39,312}-{old,new}, lint

        [testenv]
        description = a comment follows  # not a command
        deps =
            pytest
            old: django<5
            new: django>=5
            py39: tomli
            -r requirements.txt
        extras = fast
        setenv =
            DEPTH = 7
            FOLDER = {envtmpdir}
        commands =
            pytest --basetemp={envtmpdir} \\
              {posargs:tests}

        [testenv:lint]
        deps =
            {[testenv]deps}
            ruff
        commands =
            - ruff check {toxinidir}/src
            {envbindir}/mypy {env:TARGET:src}
        """,
    )
    old = by_name["py39-old"]
    assert old.requirements == ("pytest", "django<5", "tomli", "-r requirements.txt")
    assert by_name["py312-new"].requirements == ("pytest", "django>=5", "-r requirements.txt")
    assert (old.commands, old.extras, old.where) == ((("pytest", "tests"),), ("fast",), "tox.ini [testenv]")
    assert old.variables == (("DEPTH", "7"),)
    assert (old.python, old.variant) == ("3.9", ("old",))
    assert by_name["lint"].commands[0] == ("ruff", "check", "src")
    assert by_name["lint"].requirements == ("pytest", "-r requirements.txt", "ruff")


def test_section_for_several_environments_and_one_without_a_list(tmp_path: Path) -> None:
    several = environments(
        tmp_path,
        "tox.ini",
        """
        [tox]
        envlist = py310

        [testenv:py{310,311}]
        extras = testing
        commands = pytest {posargs}
        """,
    )
    assert [several[name].commands for name in ("py310", "py311")] == [(("pytest",),)] * 2
    alone = environments(tmp_path, "tox.ini", "[testenv]\ndeps =\n    pytest\n    py39: tomli\ncommands = pytest")
    assert alone["py"].requirements == ("pytest", 'tomli ; python_version == "3.9"')


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "tox.toml",
            """
            env_list = [{ product = [["3.9", "3.12"]] }, "lint"]

            [env_run_base]
            dependency_groups = ["tests"]
            deps = ["pytest"]
            set_env = { DEPTH = "7" }
            commands = [["pytest", "-x", { replace = "posargs", default = ["tests"], extend = true }]]

            [env.lint]
            commands = [["ruff", "check", "{tox_root}/src"]]
            """,
        ),
        (
            "pyproject.toml",
            """
            [tool.tox]
            env_list = ["3.9", "3.12", "lint"]

            [tool.tox.env_run_base]
            dependency_groups = ["tests"]
            deps = ["pytest"]
            set_env = { DEPTH = "7" }
            commands = [["pytest", "-x", "{posargs:tests}"]]

            [tool.tox.env.lint]
            commands = [["ruff", "check", "src"]]
            """,
        ),
        (
            "pyproject.toml",
            '''
            [tool.tox]
            legacy_tox_ini = """
            [tox]
            env_list = 3.9,3.12,lint
            [testenv]
            dependency_groups = tests
            deps = pytest
            set_env = DEPTH=7
            commands = pytest -x {posargs:tests}
            [testenv:lint]
            commands = ruff check src
            """
            ''',
        ),
    ],
)
def test_toml_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    by_name = environments(tmp_path, name, text)
    newest = by_name["3.12"]
    assert (newest.commands, newest.groups, newest.python) == ((("pytest", "-x", "tests"),), ("tests",), "3.12")
    assert (newest.requirements, newest.variables) == (("pytest",), (("DEPTH", "7"),))
    assert by_name["lint"].commands == (("ruff", "check", "src"),)


def test_installed_package_is_named_to_pytest_as_such(tmp_path: Path) -> None:
    by_name = environments(
        tmp_path, "tox.ini", "[testenv]\ncommands = pytest {env_site_packages_dir}/tidepool {tox_root}/tests"
    )
    assert by_name["py"].commands == (("pytest", "--pyargs", "tidepool", "tests"),)


@pytest.mark.parametrize(
    "text", ["[tox\n", "[testenv]\ncommands = pytest 'x\n", "[tox]\nenvlist = {[x]y}\n[testenv]\n"]
)
def test_file_that_tox_would_not_read_has_no_commands(tmp_path: Path, text: str) -> None:
    assert [command for env in environments(tmp_path, "tox.ini", text).values() for command in env.commands] == []
