"""The sessions that run on every Python, with real nox on small real projects."""

from __future__ import annotations

import re

import pytest

from prepared_packages import package, with_tests_environment
from sample_project import HERE, TEST, SampleProject, lines
from seatrial.project.nox_sessions import COVERAGE_FOLDER

pytestmark = pytest.mark.slow

TESTS = f'tests(pythons=["{HERE}"])'


def passed(*sessions: str) -> str:
    """Return the summary of a run on one Python in which everything passed."""
    rows = [HERE, *(f"{session}  ✓ N s" for session in sessions)]
    return "\n".join([*rows, "", f"{len(sessions)} passed in N s"]) + "\n"


def test_tests_run_against_the_built_wheel(project: SampleProject) -> None:
    """The package is imported from site-packages, although its sources are at hand."""
    package(project, "tests()")
    project.write(
        {
            "tests/test_place.py": lines(
                """
                import pathlib
                import tidepool

                def test_place():
                    print("imported from", pathlib.Path(tidepool.__file__).parent.parent.name)
                """
            )
        }
    )
    ran = project.nox("-s", "tests", "--", "-s")
    assert ran.returncode == 0, ran.output
    assert re.findall("imported from (.*)", ran.output) == ["site-packages"]
    assert ran.summary == passed("tests")


LOCK = """\
version = 1
requires-python = ">=3.9"

[[package]]
name = "tidepool"
version = "1.2.3"
source = { editable = "." }

[[package]]
name = "pytest"
version = "%s"
source = { registry = "the index" }
resolution-markers = ["python_full_version >= '3.9'"]
"""


def test_what_a_lock_pins_is_what_is_installed_unless_the_noxfile_says_otherwise(project: SampleProject) -> None:
    package(project, "tests()", 'tests(name="newest", locked=False)')
    project.write({"uv.lock": LOCK % "8.3.4"})
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    locked, newest = re.findall(r", pytest-([\d.]+)", ran.output)
    assert (locked, newest == "8.3.4") == ("8.3.4", False)
    again = project.nox("-s", "tests")
    assert (again.returncode, "installing" in again.output) == (0, False)
    project.write({"uv.lock": LOCK.replace('"1.2.3"', '"1.3.0"') % "8.3.4"})
    assert "installing" not in project.nox("-s", "tests").output, "the project itself is not pinned"
    project.write({"uv.lock": LOCK % "8.3.5"})
    assert ", pytest-8.3.5" in project.nox("-s", "tests").output


def test_lock_that_git_ignores_pins_nothing(project: SampleProject) -> None:
    """A release is made in a clone, and CI has one: neither would have it."""
    package(project, "tests()")
    project.write({"uv.lock": LOCK % "8.3.4", ".gitignore": "*.lock\ndist/\n.nox/\n__pycache__/\n"})
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert ", pytest-8.3.4" not in ran.output


def test_lock_that_is_older_than_the_requirements_is_named(project: SampleProject) -> None:
    package(project, "tests()")
    project.write({"uv.lock": LOCK % "7.4.4"})
    ran = project.nox()
    assert ran.returncode == 1
    assert ran.summary.rpartition("\nfix:  ")[2] == lines(
        """
        make the index reachable, or the requirements satisfiable, and run the session again
              where the lock file is older than they are: lock again; to do without it: locked=False in the noxfile
        more: seatrial explain InstallFailed
        """
    )


@pytest.mark.parametrize(
    "way",
    ["pythonpath in pytest's settings", "conftest.py at the top", "python -m pytest"],
)
def test_module_that_the_wheel_lacks_fails_the_tests(project: SampleProject, way: str) -> None:
    """Whatever brings the source tree onto sys.path, it does not stand in for the wheel."""
    command = ', command=["python", "-m", "pytest"]' if way == "python -m pytest" else ""
    with_tests_environment(package(project, f'tests(pythons=["{HERE}"]{command})', backend="hatchling"))
    source = "src" if way == "pythonpath in pytest's settings" else ""
    if not source:
        (project.root / "src/tidepool").rename(project.root / "tidepool")
        (project.root / "src").rmdir()
    pyproject = (project.root / "pyproject.toml").read_text()
    pyproject += '\n[tool.hatch.build.targets.wheel]\nexclude = ["**/shallows.py"]\n'
    if source:
        pyproject += '\n[tool.pytest.ini_options]\npythonpath = ["src"]\n'
    project.write(
        {
            "pyproject.toml": pyproject,
            f"{source or '.'}/tidepool/shallows.py": "DEPTH = 1\n",
            "tests/test_shallows.py": "from tidepool import shallows\n\ndef test_it():\n    assert shallows.DEPTH\n",
            **({"conftest.py": ""} if way == "conftest.py at the top" else {}),
        }
    )
    ran = project.nox("-s", "tests")
    assert ran.returncode == 1, ran.output
    assert "cannot import name 'shallows' from 'tidepool'" in ran.output
    assert "1 passed" not in ran.output


def test_top_level_module_that_the_wheel_lacks_fails_the_tests(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS, backend="hatchling"))
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write(
        {
            "pyproject.toml": pyproject
            + '\n[tool.hatch.build.targets.wheel]\npackages = ["src/tidepool"]\n'
            + '\n[tool.pytest.ini_options]\npythonpath = ["src"]\n',
            "src/tidepool_cli.py": "",
            "tests/test_cli.py": "import tidepool_cli\n\ndef test_cli():\n    assert tidepool_cli\n",
        }
    )
    ran = project.nox("-s", "tests")
    assert ran.returncode == 1, ran.output
    assert "No module named 'tidepool_cli' in the wheel" in ran.output


def test_second_run_neither_builds_nor_installs(project: SampleProject) -> None:
    package(project, TESTS, f'mypy(pythons=["{HERE}"])')
    first, second = project.nox("-s", "tests", "mypy"), project.nox("-s", "tests", "mypy")
    assert "building the sdist" in first.output
    assert len(re.findall("nox > installing", first.output)) == 2
    assert "building the sdist" not in second.output
    assert "nox > installing" not in second.output
    assert second.summary == passed("tests", "mypy")


def test_generated_module_that_git_ignores_is_built_again_when_it_changes(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS, backend="hatchling"))
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write(
        {
            ".gitignore": "_made.py\n.nox/\ndist/\n",
            "pyproject.toml": pyproject + '\n[tool.hatch.build]\nartifacts = ["_made.py"]\n',
            "src/tidepool/_made.py": "DEPTH = 1\n",
            "tests/test_made.py": "from tidepool import _made\n\ndef test_it():\n    assert _made.DEPTH == 1\n",
        }
    )
    assert project.nox().returncode == 0
    assert "building the sdist" not in project.nox().output
    project.write({"src/tidepool/_made.py": "DEPTH = 2\n"})
    ran = project.nox()
    assert ran.returncode == 1, ran.output
    assert "assert 2 == 1" in ran.output


def test_edited_source_is_built_again_and_only_the_wheel_exchanged(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS))
    project.nox("-s", "tests")
    project.write({"tests/test_tidepool.py": TEST.replace("== 4", "== 6")})
    source = (project.root / "src/tidepool/__init__.py").read_text()
    project.write({"src/tidepool/__init__.py": source.replace("level * 2", "level * 3")})
    ran = project.nox("-s", "tests")
    assert ran.returncode == 0, ran.output
    assert re.findall("nox > installing (.*)", ran.output) == ["tidepool-1.2.3-py3-none-any.whl"]


def test_packages_no_longer_required_are_uninstalled(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text()
    uses = "import pytest\n\ndef test_absence():\n    pytest.importorskip('humanize')\n"
    project.write(
        {
            "pyproject.toml": pyproject.replace('["pytest>=8"]', '["pytest>=8", "humanize"]'),
            "tests/test_absence.py": uses,
        }
    )
    with_it = project.nox("-s", "tests")
    project.write({"pyproject.toml": pyproject})
    without_it = project.nox("-s", "tests")
    assert "2 passed" in with_it.output
    assert "1 passed, 1 skipped" in without_it.output


def test_installation_that_was_cut_short_is_made_anew(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS))
    project.nox("-s", "tests")
    environment = project.root / f".nox/tests-{HERE.replace('.', '-')}"
    (environment / "seatrial.json").unlink()
    for folder in environment.glob("lib/*/site-packages/pytest"):
        (folder / "__init__.py").unlink()
    ran = project.nox("-s", "tests")
    assert ran.returncode == 0, ran.output


def test_positional_arguments_go_to_the_test_command(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS))
    ran = project.nox("-s", "tests", "--", "-k", "nothing_is_called_so")
    assert ran.returncode == 1
    assert "1 deselected" in ran.output


def test_virtualenv_and_pip_do_where_uv_is_not(project: SampleProject) -> None:
    package(project, TESTS)
    ran = project.nox("-db", "virtualenv", "-s", "tests", UV="no-such-uv")
    assert ran.returncode == 0, ran.output
    assert ran.summary == passed("tests")
    again = project.nox("-db", "virtualenv", "-s", "tests", UV="no-such-uv")
    assert "nox > installing" not in again.output
    source = (project.root / "src/tidepool/__init__.py").read_text()
    project.write({"src/tidepool/__init__.py": source + "\nEDITED = True\n"})
    edited = project.nox("-db", "virtualenv", "-s", "tests", UV="no-such-uv")
    assert re.findall("nox > installing (.*)", edited.output) == ["tidepool-1.2.3-py3-none-any.whl"]
    assert edited.summary == passed("tests")


def test_warm_caches_do_without_a_network(project: SampleProject) -> None:
    """The environments are gone, the index can't be reached, and everything comes from uv's cache."""
    package(project, TESTS)
    first = project.nox("-s", "tests")
    assert first.returncode == 0, first.output
    project.git("clean", "-xdfq")
    dead = "http://127.0.0.1:9"
    ran = project.nox("-s", "tests", HTTPS_PROXY=dead, HTTP_PROXY=dead, UV_HTTP_RETRIES="0")
    assert ran.returncode == 0, ran.output
    assert ran.summary == passed("tests")


def test_mypy_finds_what_is_wrong_on_that_python(project: SampleProject) -> None:
    package(project, f'mypy(pythons=["{HERE}"])')
    project.write({"tests/test_types.py": "import tidepool\n\nDEPTH: str = tidepool.depth(2)\n"})
    ran = project.nox("-s", "mypy")
    assert ran.returncode == 1
    assert f"mypy --python-version {HERE} src tests" in ran.output
    assert "tests/test_types.py:3: error: Incompatible types in assignment" in ran.output


def test_mypy_checks_a_package_that_lies_at_the_top(project: SampleProject) -> None:
    package(project, f'mypy(pythons=["{HERE}"])', backend="hatchling")
    (project.root / "src/tidepool").rename(project.root / "tidepool")
    (project.root / "src").rmdir()
    ran = project.nox("-s", "mypy")
    assert ran.returncode == 0, ran.output
    assert re.findall(r"nox > (mypy .*)", ran.output) == [f"mypy --python-version {HERE} tidepool tests"]


def test_mypy_is_run_without_files_where_its_configuration_names_them(project: SampleProject) -> None:
    package(project, f'mypy(pythons=["{HERE}"])')
    project.write({"mypy.ini": "[mypy]\nfiles = src\n"})
    ran = project.nox("-s", "mypy")
    assert ran.returncode == 0, ran.output
    assert re.findall(r"nox > (mypy .*)", ran.output) == [f"mypy --python-version {HERE}"]


def test_coverage_of_the_pythons_is_combined_onto_the_sources(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text().replace("pytest>=8", "pytest-cov>=5")
    project.write(
        {
            "pyproject.toml": pyproject
            + '\n[tool.pytest.ini_options]\naddopts = "--cov=tidepool"\n\n[tool.coverage.report]\nfail_under = 100\n'
        }
    )
    ran = project.nox("-s", "coverage")
    assert ran.returncode == 0, ran.output
    assert re.findall(r"^src/tidepool/__init__.py +3 +0 +100%$", ran.output, re.MULTILINE)
    assert not list(project.root.glob(".coverage*")), "git does not ignore it, so it would go into the sdist"
    project.write({".gitignore": ".coverage\n.nox/\ndist/\n"})
    assert project.nox("-s", "coverage").returncode == 0
    assert [path.name for path in project.root.glob(".coverage*")] == [".coverage"]
    source = (project.root / "src/tidepool/__init__.py").read_text()
    project.write({"src/tidepool/__init__.py": source + "\n\ndef unused() -> None:\n    print()\n"})
    assert project.nox("-s", "coverage").returncode == 1


def test_coverage_takes_what_other_jobs_have_measured_and_runs_no_test_again(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text().replace("pytest>=8", "pytest-cov>=5")
    addopts = '\n[tool.pytest.ini_options]\naddopts = "--cov=tidepool"\n\n[tool.coverage.report]\nskip_empty = true\n'
    project.write({"pyproject.toml": pyproject + addopts})
    assert project.nox("-s", "tests").returncode == 0
    handed = project.root / "measured/coverage-0"
    handed.mkdir(parents=True)
    for path in (project.root / COVERAGE_FOLDER).glob(".coverage.*"):
        path.rename(handed / path.name)
    ran = project.nox("-s", "coverage", SEATRIAL_MEASURED="measured")
    assert ran.returncode == 0, ran.output
    assert re.findall(r"^src/tidepool/__init__.py +3 +0 +100%$", ran.output, re.MULTILINE)
    assert "Running session tests" not in ran.output
    ran = project.nox("-s", "coverage", SEATRIAL_MEASURED="measured")
    assert (ran.returncode, ran.was_a_traceback) == (1, False)
    assert "no job has provided what its tests measured: measured has no .coverage.*" in ran.output


def test_sessions_run_side_by_side_where_nox_can(project: SampleProject) -> None:
    package(project, "build()", "check()", TESTS, f'mypy(pythons=["{HERE}"])')
    ran = project.nox(NOX_PARALLEL="4")
    assert ran.returncode == 0, ran.output
    assert ran.output.count("building the sdist") == 1
    assert ran.summary.endswith("\n\n4 passed in N s\n")
    assert ran.output.count("passed in") == 2, "pytest's and the parent's: the children have no summary"


def test_folder_with_spaces_and_letters_beyond_ascii(project: SampleProject) -> None:
    folder = project.root.parent / "Gezeiten tümpel ✓"
    project.root.rename(folder)
    moved = package(SampleProject(folder, project.environ), "build()", "check()", TESTS)
    ran = moved.nox()
    assert ran.returncode == 0, ran.output
