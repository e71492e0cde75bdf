"""What coverage measures: the installed wheel, whatever folder of the source tree a project names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from coverage import Coverage

from sample_project import SampleProject, package
from seatrial.project.project import Project
from seatrial.sessions.coverage_sources import (
    coverage_plugins,
    measure_wheel,
    named_configuration,
    requirements_of_plugins,
    sources_of,
    with_configuration,
    write_configuration,
)

FLAT = {"tidepool/__init__.py": "", "tidepool/sub/__init__.py": "", "tests/test_it.py": ""}


def write(root: Path, files: dict[str, str]) -> Project:
    SampleProject(root).write({"pyproject.toml": "", **files})
    return Project.from_directory(root)


def measured(root: Path, files: dict[str, str], *command: str, modules: tuple[str, ...] = ("tidepool",)) -> list[str]:
    """Return a command that measures the wheel, with ``SITE`` for the folder that it is installed in."""
    site = root / "site-packages"
    for module in (*modules, "tidepool.sub", "acme.tide.low"):
        (site / module.replace(".", "/")).mkdir(parents=True, exist_ok=True)
    project = write(root, files)
    configured = project.coverage_configuration(named_configuration(command, project, {}))
    words = measure_wheel(command, project, configured, modules, site)
    return [word.replace(str(site), "SITE") for word in words]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pytest --cov=tidepool", "pytest --cov=SITE/tidepool"),
        ("pytest --cov tidepool/sub -x", "pytest --cov=SITE/tidepool/sub -x"),
        ("pytest --cov=tidepool/ --cov tests", "pytest --cov=SITE/tidepool --cov=tests"),
        ("pytest --cov", "pytest --cov=SITE/tidepool"),
        ("pytest --cov=other tests", "pytest --cov=other tests"),
        ("coverage run -m pytest", "coverage run --source=SITE/tidepool -m pytest"),
        ("python -m coverage run -m pytest", "python -m coverage run --source=SITE/tidepool -m pytest"),
        ("python -m coverage run --source . x.py", "python -m coverage run --source SITE/tidepool x.py"),
        ("coverage run --source tidepool -m pytest", "coverage run --source SITE/tidepool -m pytest"),
        ("coverage run --source=tidepool,tests -m pytest", "coverage run --source=SITE/tidepool,tests -m pytest"),
    ],
)
def test_folder_of_the_package_is_the_installed_one(tmp_path: Path, command: str, expected: str) -> None:
    assert measured(tmp_path, FLAT, *command.split()) == expected.split()


def test_package_that_is_no_folder_of_the_tree_is_named_as_it_is(tmp_path: Path) -> None:
    files = {"src/tidepool/__init__.py": "", ".coveragerc": "[run]\nsource = tidepool\n"}
    assert measured(tmp_path, files, "coverage", "run", "-m", "pytest") == ["coverage", "run", "-m", "pytest"]
    assert measured(tmp_path, files, "pytest", "--cov=src") == ["pytest", "--cov=SITE/tidepool"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("src/acme/tide", "SITE/acme/tide"),
        ("src/acme/tide/low", "SITE/acme/tide/low"),
        # The namespace has other packages as well, which are not of the wheel.
        ("src/acme", "SITE/acme/tide,SITE/acme/ebb,src/acme"),
        ("./src/acme/", "SITE/acme/tide,SITE/acme/ebb,./src/acme/"),
        ("src", "SITE/acme/tide,SITE/acme/ebb"),
        ("src/ac", "src/ac"),
    ],
)
def test_namespace_is_measured_by_the_packages_of_the_wheel(tmp_path: Path, source: str, expected: str) -> None:
    """Coverage measures its folder, too, where unittest finds the tests. pytest-cov would report it as not run."""
    files = {"src/acme/tide/low/__init__.py": "", "src/acme/ebb/__init__.py": "", "src/ac/__init__.py": ""}
    modules, sources = (
        ("acme.tide", "acme.ebb"),
        [f"--cov={word}" for word in expected.split(",") if word.strip("./") != "src/acme"],
    )
    assert measured(tmp_path, files, "pytest", f"--cov={source}", modules=modules) == ["pytest", *sources]
    command = ("coverage", "run", f"--source={source}", "x.py")
    assert measured(tmp_path, files, *command, modules=modules) == ["coverage", "run", f"--source={expected}", "x.py"]


@pytest.mark.parametrize(
    ("settings", "pytest_cov", "coverage"),
    [
        # coverage takes them for names of packages, wherever they are.
        ("source_pkgs = tidepool", "--cov", ""),
        ("source_pkgs = tidepool\nsource = tests", "--cov=tests", ""),
        ("source_dirs = tidepool/sub", "--cov=SITE/tidepool/sub", "--source=SITE/tidepool/sub"),
        ("include = tidepool/*", "--cov", ""),
        ("source_pkgs =", "--cov=SITE/tidepool", "--source=SITE/tidepool"),
    ],
)
def test_settings_that_limit_what_is_measured_keep_it(
    tmp_path: Path, settings: str, pytest_cov: str, coverage: str
) -> None:
    files = {**FLAT, ".coveragerc": f"[run]\n{settings}\n"}
    assert measured(tmp_path, files, "pytest", "--cov") == ["pytest", pytest_cov]
    words = measured(tmp_path, files, "coverage", "run", "x.py")
    assert words == f"coverage run {coverage} x.py".split()


@pytest.mark.parametrize(
    "files",
    [
        {".coveragerc": "[run]\nsource =\n    tidepool\n    tests\n"},
        {"setup.cfg": "[coverage:run]\nsource = tidepool, tests\n"},
        {"tox.ini": "[coverage:run]\nsource = tidepool,tests\n"},
        {"pyproject.toml": '[tool.coverage.run]\nsource = ["tidepool", "tests"]\n'},
    ],
)
def test_sources_are_read_from_each_file_of_coverage(tmp_path: Path, files: dict[str, str]) -> None:
    assert sources_of(write(tmp_path, files).coverage_configuration().run) == ("tidepool", "tests")
    assert measured(tmp_path, {**FLAT, **files}, "pytest", "--cov") == ["pytest", "--cov=SITE/tidepool", "--cov=tests"]
    assert measured(tmp_path, {**FLAT, **files}, "coverage", "run", "-m", "pytest") == [
        *("coverage", "run", "--source=SITE/tidepool,tests", "-m", "pytest")
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"pytest.ini": "[pytest]\naddopts = -ra --cov=tidepool\n"},
        {"tox.ini": "[pytest]\naddopts = -ra --cov=tidepool\n"},
        {"setup.cfg": "[tool:pytest]\naddopts = -ra --cov=tidepool\n"},
        {"pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["-ra", "--cov=tidepool"]\n'},
    ],
)
def test_options_of_every_run_measure_the_wheel_too(tmp_path: Path, files: dict[str, str]) -> None:
    project = write(tmp_path, files)
    assert project.pytest_options == ("-ra", "--cov=tidepool")
    assert project.is_measured(("pytest", "tests"))
    assert measured(tmp_path, {**FLAT, **files}, "pytest") == ["pytest", "-o", "addopts=-ra --cov=SITE/tidepool"]


def test_command_without_coverage_measures_nothing(tmp_path: Path) -> None:
    project = write(tmp_path, {"pytest.ini": "[pytest]\n", "setup.cfg": "[tool:pytest]\naddopts = --cov\n"})
    assert not project.is_measured(("pytest", "tests"))
    assert not project.is_measured(("python", "-m", "unittest"))
    assert project.is_measured(("python", "-m", "coverage", "run", "-m", "unittest"))


def configured(
    root: Path, files: dict[str, str], modules: tuple[str, ...] = ("tidepool",), named: str | None = None
) -> dict[str, list[str]]:
    """Return the patterns that the tests run with, as coverage reads them, with ``SITE`` for the wheel's folder."""
    site = root / ".nox/tests-3-13/lib/python3.13/site-packages"
    project = write(root, files)
    path = write_configuration(project, project.coverage_configuration(named), modules, site, root)
    read = Coverage(config_file=str(path or root / ".coveragerc"))
    options = {name: read.get_option(f"run:{name}") for name in ("include", "omit", "branch")}
    lists = {name: value for name, value in options.items() if isinstance(value, list) and value}
    assert options["branch"] is True
    return {name: [word.replace(str(site), "SITE") for word in words] for name, words in lists.items()}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (".coveragerc", "[run]\nbranch = true\ninclude = {}\n"),
        ("setup.cfg", "[coverage:run]\nbranch = true\ninclude =\n    {}\n[metadata]\nname = x\n"),
        ("tox.ini", "[tox]\n[coverage:run]\nbranch = true\ninclude = {}\n"),
        ("pyproject.toml", '[tool.coverage.run]\nbranch = true\ninclude = ["{}"]\n'),
        (".coveragerc.toml", '[run]\nbranch = true\ninclude = ["{}"]\n'),
    ],
)
def test_pattern_of_the_source_tree_matches_what_is_installed(tmp_path: Path, name: str, form: str) -> None:
    expected = {"include": ["src/tidepool/*", "SITE/tidepool/*"]}
    assert configured(tmp_path, {name: form.format("src/tidepool/*")}) == expected
    named = {name: form.format("other/*"), f"ci/{name}": form.format("src/tidepool/*")}
    assert configured(tmp_path, named, named=f"ci/{name}") == expected


@pytest.mark.parametrize(
    ("omit", "expected"),
    [
        ("./src/tidepool/_made.py", ["./src/tidepool/_made.py", "SITE/tidepool/_made.py"]),
        ("src/*/_made.py", ["src/*/_made.py", "SITE/tidepool/_made.py"]),
        ("src/**/_made.py", ["src/**/_made.py", "SITE/tidepool/**/_made.py"]),
        ("tidepool/sub/*, tests/*", ["tidepool/sub/*", "SITE/tidepool/sub/*", "tests/*"]),
        ("src/*", ["src/*", "SITE/tidepool/*"]),
        ("tests/*, */site-packages/*", ["tests/*"]),
        ("tests/*, .nox/*", ["tests/*"]),
        ("tests/*, */.nox/*", ["tests/*"]),
        ("*/_made.py", ["*/_made.py"]),
        ("src/rockpool/*", ["src/rockpool/*"]),
        ("., ./, src/..", [".", "./", "src/.."]),
    ],
)
def test_pattern_that_omits_holds_for_the_wheel_and_not_for_all_of_it(
    tmp_path: Path, omit: str, expected: list[str]
) -> None:
    text = f"[run]\nbranch = true\nomit = {omit}\n"
    assert configured(tmp_path, {".coveragerc": text}) == {"omit": expected}


def test_empty_setting_has_no_words(tmp_path: Path) -> None:
    settings = write(tmp_path, {".coveragerc": "[run]\nsource =\n"}).coverage_configuration().run
    assert sources_of(settings) == ()


@pytest.mark.parametrize(
    ("command", "options", "variable", "expected"),
    [
        ("coverage run --rcfile=a.ini -m pytest", "--cov-config=b", "", "a.ini"),
        ("coverage run --rcfile a.ini -m pytest", "", "v.ini", "a.ini"),
        ("coverage run -m pytest", "--cov-config=b", "v.ini", "v.ini"),
        ("pytest --cov --cov-config a.ini --cov-config=ci/b.toml", "--cov-config c", "", "ci/b.toml"),
        ("pytest --cov", "--cov-config c", "v.ini", "c"),
        ("python -m pytest --cov", "-ra", "v.ini", "v.ini"),
        ("pytest --cov", "", "", ""),
        ("pytest --cov", "--cov-config=.coveragerc", "", ""),
        ("coverage run --rcfile .coveragerc -m pytest", "", "v.ini", "v.ini"),
        ("pytest --cov --cov-config=ci/.coveragerc", "", "v.ini", "ci/.coveragerc"),
    ],
)
def test_file_that_is_named_is_the_configuration(
    tmp_path: Path, command: str, options: str, variable: str, expected: str
) -> None:
    project = write(tmp_path, {"pytest.ini": f"[pytest]\naddopts = {options}\n"})
    assert (named_configuration(command.split(), project, {"COVERAGE_RCFILE": variable}) or "") == expected


def test_own_file_of_coverage_is_taken_before_those_of_others(tmp_path: Path) -> None:
    files = {".coveragerc": "[report]\n", "setup.cfg": "[coverage:run]\nsource = other\n"}
    project = write(tmp_path, files)
    assert (project.coverage_configuration().run, project.coverage_configuration("none.ini").tables) == ({}, {})
    assert project.coverage_configuration("setup.cfg").run == {"source": "other"}
    assert write_configuration(project, project.coverage_configuration("none.ini"), (), tmp_path, tmp_path) is None


def test_single_module_and_namespace_are_matched_where_they_are_installed(tmp_path: Path) -> None:
    text = "[run]\nbranch = true\ninclude = src/*\n"
    both = configured(tmp_path, {".coveragerc": text}, ("tides", "acme.tide"))
    assert both == {"include": ["src/*", "SITE/tides/*", "SITE/acme/tide/*"]}
    text = "[run]\nbranch = true\ninclude = src/acme/*\n"
    both = configured(tmp_path, {".coveragerc": text}, ("acme.tide", "acme.ebb"))
    assert both == {"include": ["src/acme/*", "SITE/acme/tide/*", "SITE/acme/ebb/*"]}
    text = "[run]\nbranch = true\ninclude = tides.py, src/acme/tide/*\n"
    both = configured(tmp_path, {".coveragerc": text}, ("tides", "acme.tide"))
    assert both == {"include": ["tides.py", "SITE/tides.py", "src/acme/tide/*", "SITE/acme/tide/*"]}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("coverage run --rcfile=pyproject.toml -m pytest", "coverage run -m pytest"),
        ("coverage run --rcfile pyproject.toml -m pytest", "coverage run -m pytest"),
        ("python -m coverage run --rcfile=x -m pytest", "python -m coverage run -m pytest"),
        ("pytest --cov --cov-config a.ini -x", "pytest --cov --cov-config a.ini -x --cov-config=x.toml"),
        ("pytest --cov", "pytest --cov"),
        ("pytest --cov --cov-config=pyproject.toml", "pytest --cov --cov-config=pyproject.toml --cov-config=x.toml"),
    ],
)
def test_command_that_names_the_configuration_gets_the_written_one(tmp_path: Path, command: str, expected: str) -> None:
    words = with_configuration(command.split(), write(tmp_path, {}), Path("x.toml"))
    assert words == tuple(expected.split())


@pytest.mark.slow
def test_flat_package_is_measured_and_combined_by_the_configuration_that_is_named(project: SampleProject) -> None:
    """The real coverage takes the sources, and its data are combined: values alone show neither."""
    command = 'command=["coverage", "run", "--rcfile=ci/coverage.ini", "-m", "pytest"]'
    package(project, f'tests(requirements=["coverage"], {command})')
    (project.root / "src/tidepool").rename(project.root / "tidepool")
    patterns = "include = tidepool/*\nomit = */site-packages/*\n"
    paths = "[paths]\nmine =\n    tidepool\n    */.tox/tidepool\n"
    other = "[run]\nsource = other\n[report]\ninclude = other/*\n"
    project.write({"ci/coverage.ini": f"[run]\n{patterns}{paths}", ".coveragerc": other})
    project.commit()
    ran = project.nox("-s", "coverage")
    assert ran.returncode == 0, ran.output
    assert re.findall(r"^(\S+) +3 +0 +100%$", ran.output, re.MULTILINE)[:1] == ["tidepool/__init__.py"]


@pytest.mark.parametrize(
    ("files", "requirements"),
    [
        ({"setup.cfg": "[coverage:run]\nplugins = covdefaults\n"}, ("covdefaults>=2.3",)),
        (
            {"pyproject.toml": '[tool.coverage.run]\nplugins = ["Cython.Coverage", "coverage_conditional_plugin"]\n'},
            ("cython", "Coverage_Conditional.Plugin==0.9"),
        ),
        (
            {".coveragerc": "[run]\nplugins =\n    covdefaults\n    own.plugin, other\n", "other.py": ""},
            ("covdefaults>=2.3",),
        ),
        ({"tox.ini": "[coverage:run]\nbranch = true\n"}, ()),
    ],
)
def test_plugins_of_coverage_are_installed_where_it_reports(
    tmp_path: Path, files: dict[str, str], requirements: tuple[str, ...]
) -> None:
    """They are those that the tests have, whose versions are pinned there, but no modules of the project itself."""
    plugins = coverage_plugins(write(tmp_path, {"src/own/plugin.py": "", **files}))
    installed = ("pytest", "covdefaults>=2.3", "Coverage_Conditional.Plugin==0.9")
    assert requirements_of_plugins(plugins, installed) == requirements
