"""What pyproject.toml says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from packaging.requirements import InvalidRequirement, Requirement

from errors_raised import raises_error
from seatrial.errors import PyprojectInvalid
from seatrial.project.project import Project
from seatrial.pythons import end_of_life, newest_minor

ROOT = Path("project")
FREE = "Programming Language :: Python :: Free Threading :: 2 - Beta"


def project(requires: str = ">=3.9", *classifiers: str) -> Project:
    return Project(ROOT, {"project": {"requires-python": requires, "classifiers": list(classifiers)}})


def named(*versions: str) -> tuple[str, ...]:
    return tuple(f"Programming Language :: Python :: {version}" for version in versions)


@pytest.mark.parametrize(
    ("classifiers", "pythons"),
    [
        (named("3.13", "3.9", "3.10"), ("3.9", "3.10", "3.13")),
        (named("3", "3 :: Only", "3.11", "3.11", "2.7"), ("3.11",)),
        ((*named("3.13", "3.14"), FREE), ("3.13", "3.14", "3.14t")),
        (named("3.12", "Implementation :: CPython"), ("3.12",)),
    ],
)
def test_pythons_are_those_of_the_classifiers_oldest_first(
    classifiers: tuple[str, ...], pythons: tuple[str, ...]
) -> None:
    assert project(">=3.9", *classifiers).pythons == pythons


@pytest.mark.parametrize(
    "requires", ["", ">=3.9", ">=3.9.2", ">=3.9,<4", "~=3.9", ">=3.9,!=3.9.1", "<3.12.5", "<=3.12"]
)
def test_python_of_which_some_release_is_admitted_is_supported(requires: str) -> None:
    assert project(requires, *named("3.9", "3.12")).pythons == ("3.9", "3.12")


@pytest.mark.parametrize(
    ("requires", "excluded"),
    [(">=3.10", "3.9"), ("<3.12", "3.12"), (">3.9.999,<3.12", "3.9, 3.12"), ("!=3.9.*", "3.9")],
)
def test_python_that_requires_python_excludes_is_a_contradiction(requires: str, excluded: str) -> None:
    with raises_error("PythonsContradict") as raised:
        project(requires, *named("3.9", "3.11", "3.12")).pythons  # noqa: B018 - a property that raises
    assert raised.value.what == (
        f'{ROOT / "pyproject.toml"}: requires-python = "{requires}" excludes Python {excluded}, '
        "which the classifiers name"
    )


def test_requires_python_that_is_no_specifier_is_named() -> None:
    with pytest.raises(PyprojectInvalid, match=r"requires-python: Invalid specifier: '3\.9\+'"):
        project("3.9+", *named("3.9")).pythons  # noqa: B018 - a property that raises


def test_groups_are_resolved_through_their_includes_each_requirement_once() -> None:
    groups = {"test": ["pytest>=8"], "types": ["mypy", {"include-group": "Test"}, "pytest>=8"]}
    assert Project(ROOT, {"dependency-groups": groups}).requirements(["types", "test"]) == ("mypy", "pytest>=8")


def test_group_names_are_compared_normalised() -> None:
    assert Project(ROOT, {"dependency-groups": {"Unit_Tests": ["pytest"]}}).requirements(["unit.tests"]) == ("pytest",)


GROUPS_OF_TOOLS: dict[str, dict[str, Any]] = {
    "poetry": {"group": {"test": {"dependencies": {"python": "^3.9", "pytest": "^8", "tide": {"path": "../tide"}}}}},
    "poetry-old": {"dev-dependencies": {"pytest": {"version": "^8", "markers": "python_version > '3'"}}},
    "pdm": {"dev-dependencies": {"test": ["pytest>=8", "-e file:///${PROJECT_ROOT}/more"]}},
    "uv": {"dev-dependencies": ["pytest>=8"]},
    "hatch": {"envs": {"test": {"dependencies": ["pytest>=8"], "extra-dependencies": ["x @ {root:uri}/x"]}}},
}


@pytest.mark.parametrize(
    ("tool", "group", "requirement"),
    [
        ("poetry", "test", "pytest>=8,<9"),
        ("poetry-old", "dev", 'pytest<9,>=8; python_version > "3"'),
        ("pdm", "test", "pytest>=8"),
        ("uv", "dev", "pytest>=8"),
        ("hatch", "test", "pytest>=8"),
    ],
)
def test_groups_in_the_table_of_a_tool_count_where_the_standard_has_none_of_the_name(
    tool: str, group: str, requirement: str
) -> None:
    tools = {tool.partition("-")[0]: GROUPS_OF_TOOLS[tool]}
    loaded = Project(ROOT, {"tool": tools})
    assert loaded.groups == (group,)
    assert [str(Requirement(text)) for text in loaded.requirements([group])] == [str(Requirement(requirement))]
    standard = Project(ROOT, {"tool": tools, "dependency-groups": {group.upper(): ["tide"]}})
    assert standard.requirements([group]) == ("tide",)


def test_pythons_are_those_that_requires_python_admits_where_no_classifier_names_one() -> None:
    assert project(">=3.10,<3.13").pythons == ("3.10", "3.11", "3.12")
    assert project("==3.12.*", "Programming Language :: Python :: 3 :: Only").pythons == ("3.12",)
    assert project(">=3.10,<3.13").pythons_classified == ()
    every = tuple(f"3.{minor}" for minor in range(9, newest_minor() + 1))
    assert project("").pythons == tuple(python for python in every if python not in end_of_life(every))


def test_metadata_are_read_from_the_table_of_flit() -> None:
    metadata = {"module": "tide_pool", "requires-python": ">=3.11", "classifiers": named("3.12")}
    old = Project(ROOT, {"tool": {"flit": {"metadata": metadata}}})
    assert (old.name, old.requires_python, old.pythons) == ("tide_pool", ">=3.11", ("3.12",))
    assert Project(ROOT, {"tool": {"flit": {"metadata": {**metadata, "dist-name": "tide"}}}}).name == "tide"
    assert Project(ROOT, {"project": {"name": "fog"}, "tool": {"flit": {"metadata": metadata}}}).requires_python == ""


def test_groups_that_are_missing_are_named_together() -> None:
    with raises_error("GroupMissing", match="has no dependency group docs, lint, which"):
        Project(ROOT, {"dependency-groups": {"test": []}}).requirements(["docs", "test", "lint"])


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"project": []}, "[project] has to be a table, not []"),
        (
            {"tool": 1, "build-system": 2},
            "[build-system] has to be a table, not 2; [tool] has to be a table, not 1",
        ),
        (
            {"project": {"classifiers": ["a", 1]}},
            "[project] classifiers has to be an array of strings, not ['a', 1]",
        ),
        (
            {"tool": {"ruff": 1, "mypy": "x"}},
            "[tool.ruff] has to be a table, not 1; [tool.mypy] has to be a table, not 'x'",
        ),
        ({"project": {"requires-python": 3.9}}, "[project] requires-python has to be a string, not 3.9"),
    ],
)
def test_values_of_the_wrong_kind_are_reported_together(tmp_path: Path, table: dict[str, Any], what: str) -> None:
    (tmp_path / "pyproject.toml").write_text(tomlkit.dumps(table))
    with pytest.raises(PyprojectInvalid) as raised:
        Project.from_directory(tmp_path)
    assert raised.value.what == f"{tmp_path / 'pyproject.toml'}: {what}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"[metadata]\nname = tide\n[metadata]\n",
            "{} is not a valid ini file: While reading from {!r} [line 3]: section 'metadata' already exists",
        ),
        (b"[metadata]\nname = t\xfc\n", "{} is not UTF-8: 'utf-8' codec can't decode byte 0xfc"),
    ],
    ids=["twice", "latin-1"],
)
def test_setup_cfg_that_setuptools_would_not_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "setup.cfg"
    path.write_bytes(content)
    (tmp_path / "pyproject.toml").touch()
    with raises_error("PyprojectUnreadable") as raised:
        Project.from_directory(tmp_path).name  # noqa: B018 - reading it is what fails
    assert raised.value.what.startswith(message.format(path, str(path)))


def test_metadata_of_setup_cfg_are_read_without_a_project_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[build-system]\nrequires = ["setuptools"]\n')
    (tmp_path / "setup.cfg").write_text(
        "[metadata]\nname = Tide-Pool\nclassifiers =\n"
        "    Programming Language :: Python :: 3.9\n    Programming Language :: Python :: 3.13\n"
        "[options]\npython_requires = >=3.9\n"
    )
    project = Project.from_directory(tmp_path)
    assert (project.name, project.requires_python, project.pythons) == ("Tide-Pool", ">=3.9", ("3.9", "3.13"))
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = Tide-Pool\n[options]\npython_requires = <3.9\n")
    with raises_error("NoPythonsNamed") as raised:
        Project.from_directory(tmp_path).pythons  # noqa: B018 - a property that raises
    assert raised.value.what.startswith(f"no classifier in {tmp_path / 'setup.cfg'} names a Python version")
    assert "[metadata]\nclassifiers =\n    Programming" in raised.value.fix


def test_byte_order_mark_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'\xef\xbb\xbf[project]\nname = "tide-pool"\n')
    with raises_error("PyprojectUnreadable", match="begins with a byte order mark"):
        Project.from_directory(tmp_path)


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b'[project]\r\nname = "tide-pool"\r\n')
    project = Project.from_directory(tmp_path)
    assert (project.name, project.import_name) == ("tide-pool", "tide_pool")


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        ({"pyproject.toml": '[tool.mypy]\nfiles = ["src"]\n'}, {"files": ["src"]}),
        ({"pyproject.toml": "[tool.mypy]\n", "mypy.ini": "[mypy]\nfiles = src\n"}, {"files": "src"}),
        ({"pyproject.toml": "", "setup.cfg": "[mypy]\nfiles = src\n"}, {"files": "src"}),
        ({"pyproject.toml": "[tool.mypy]\n", "setup.cfg": "[mypy]\nfiles = src\n"}, {}),
        ({"pyproject.toml": "", "mypy.ini": "[mypy\n"}, {}),
        ({"pyproject.toml": ""}, {}),
    ],
)
def test_settings_of_mypy_come_from_the_first_file_that_mypy_reads(
    tmp_path: Path, files: dict[str, str], settings: dict[str, Any]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert Project.from_directory(tmp_path).mypy_settings == settings


def test_toml_that_is_nested_too_deeply_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"a = {'[' * 3000}{']' * 3000}\n")
    with raises_error("PyprojectUnreadable", match="is nested too deeply to be read"):
        Project.from_directory(tmp_path)


@pytest.mark.parametrize("odd", [5, "x", [1], {"python": ["3"]}, {"python": "^"}, {"python": "~x"}], ids=str)
def test_table_of_poetry_that_is_odd_says_nothing(odd: object) -> None:
    table = {"tool": {"poetry": {"dependencies": odd, "classifiers": odd}}}
    assert Project(ROOT, table).requires_python == ""
    assert Project(ROOT, table).classifiers == ()


def test_group_that_breaks_its_specification_is_named_with_each_reason() -> None:
    """PEP 735."""
    broken: dict[str, dict[str, object]] = {
        "a circle": {"test": [{"include-group": "more"}], "more": [{"include-group": "test"}]},
        "no requirement": {"test": ["pytest >"]},
        "no such group": {"test": [{"include-group": "none"}]},
        "no text": {"test": [{"include-group": 1}]},
        "two of one name": {"test": ["pytest"], "Test": ["nose"]},
    }
    with pytest.raises(InvalidRequirement) as raised:
        Requirement("pytest >")
    unreadable = str(raised.value).splitlines()[0]
    reasons = {}
    for name, groups in broken.items():
        with raises_error("GroupInvalid") as caught:
            Project(Path("here"), {"dependency-groups": groups}).requirements(["test"])
        reasons[name] = caught.value.what.splitlines()[0]
    start = f"[dependency-groups] in {Path('here/pyproject.toml')}, group test: "
    assert reasons == {
        "a circle": f"{start}Cyclic dependency group include while resolving test: test -> more, more -> test",
        "no requirement": f"{start}{unreadable}",
        "no such group": f"{start}Dependency group 'none' not found",
        "no text": f"{start}Dependency group include-group value is not a string: {{'include-group': 1}}",
        "two of one name": f"{start}Duplicate dependency group names: test (test, Test)",
    }
