"""What a maintainer gets wrong ends in one message with the fix, and never in a traceback."""

from __future__ import annotations

import sys

import pytest

from prepared_packages import package, with_tests_environment
from sample_project import HERE, SampleProject, lines, normalised

pytestmark = pytest.mark.slow

TESTS = f'tests(pythons=["{HERE}"])'
READ = "more: seatrial explain "


def refusal(project: SampleProject, *args: str) -> str:
    """Run nox, which has to fail without a traceback, and return what it said."""
    ran = project.nox(*args)
    assert ran.returncode != 0, ran.output
    assert not ran.was_a_traceback, ran.output
    return normalised(ran.output, root=project.root)


def reason(project: SampleProject, *args: str) -> str:
    """Run nox, which has to fail without a traceback, and return the end of the closing summary."""
    ran = project.nox(*args)
    assert ran.returncode != 0, ran.output
    assert not ran.was_a_traceback, ran.output
    return normalised(ran.summary.partition(" in N s\n")[2], root=project.root)


def test_no_pyproject(project: SampleProject) -> None:
    package(project, TESTS)
    (project.root / "pyproject.toml").unlink()
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: {{root}}/pyproject.toml does not exist
        fix:  go to the project's folder; or: seatrial --project FOLDER
        {READ}PyprojectMissing
        """
    )
    project.write({"setup.py": "from setuptools import setup\n\nsetup()\n"})
    assert "\nfix:  write it: seatrial init\n" in refusal(project, "-l")


def test_pyproject_that_is_not_toml(project: SampleProject) -> None:
    package(project, "build()")
    project.write({"pyproject.toml": "[project\n"})
    message = refusal(project, "-l")
    assert message == lines(
        f"""
        seatrial: {{root}}/pyproject.toml is not TOML: {message.partition("TOML: ")[2].partition(chr(10))[0]}
        fix:  correct that line, then run the command again
        {READ}PyprojectUnreadable
        """
    )
    assert "line 1, column" in message


def test_pyproject_that_is_not_utf8(project: SampleProject) -> None:
    package(project, "build()")
    (project.root / "pyproject.toml").write_bytes(b'[project]\ndescription = "T\xfcmpel"\n')
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: {{root}}/pyproject.toml is not UTF-8, which TOML has to be: 'utf-8' codec can't decode byte 0xfc in position 26: invalid start byte
        fix:  save the file in UTF-8
        {READ}PyprojectUnreadable
        """
    )


def test_pyproject_with_values_of_the_wrong_kind(project: SampleProject) -> None:
    package(project, "build()")
    project.write({"pyproject.toml": '[project]\nname = 3\nclassifiers = "one"\n'})
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: {{root}}/pyproject.toml: [project] name has to be a string, not 3; [project] classifiers has to be an array of strings, not 'one'
        fix:  write it as the pyproject.toml specification says
        {READ}PyprojectInvalid
        """
    )


def test_no_classifiers(project: SampleProject) -> None:
    package(project, "tests()", pythons=())
    text = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": text.replace('">=3.9"', '"<3.9"')})
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: no classifier in {{root}}/pyproject.toml names a Python version, and requires-python = "<3.9" admits none of them, so no tests can run
        fix:  name each Python that is supported, or give pythons= to tests() and mypy() in the noxfile:
              [project]
              classifiers = [
                "Programming Language :: Python :: 3.12",
                "Programming Language :: Python :: 3.13",
              ]
        {READ}NoPythonsNamed
        """
    )


def test_classifiers_that_contradict_requires_python(project: SampleProject) -> None:
    package(project, "tests()", pythons=("3.8", "3.12"))
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: {{root}}/pyproject.toml: requires-python = ">=3.9" excludes Python 3.8, which the classifiers name
        fix:  widen requires-python, or remove from the classifiers:
              "Programming Language :: Python :: 3.8",
        {READ}PythonsContradict
        """
    )


def test_lone_string_for_a_list(project: SampleProject) -> None:
    package(project, 'tests(pythons="3.12")')
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: pythons="3.12" in the noxfile is a string, but has to be a list of strings
        fix:  pythons=["3.12"]
        {READ}NoxfileInvalid
        """
    )


def test_python_that_is_a_number(project: SampleProject) -> None:
    package(project, "tests(pythons=[3.10])")
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: pythons=[3.1] in the noxfile has to be a list of strings: 3.10 without quotes is the number 3.1
        fix:  pythons=["3.9", "3.10"]
        {READ}NoxfileInvalid
        """
    )


def test_no_test_group(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.partition("[dependency-groups]")[0]})
    assert reason(project) == lines(
        f"""
        failed: tests-{HERE}: {{root}}/pyproject.toml has no dependency group for the tests: looked for test, tests, dev
        fix:  name one with groups= in the noxfile, or add:
              [dependency-groups]
              test = ["pytest"]
        {READ}GroupMissing
        """
    )


def test_group_that_includes_itself(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace('["pytest>=8"]', '[{ include-group = "test" }]')})
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: [dependency-groups] in {{root}}/pyproject.toml, group test: Cyclic dependency group include while resolving test: test includes itself
        fix:  write each entry as a requirement string or as {{ include-group = "NAME" }}
        {READ}GroupInvalid
        """
    )


def test_missing_group(project: SampleProject) -> None:
    package(project, 'tests(groups=["test", "trial"])')
    assert refusal(project, "-l") == lines(
        f"""
        seatrial: {{root}}/pyproject.toml has no dependency group trial, which the noxfile names
        fix:  [dependency-groups]
              trial = ["pytest"]
        {READ}GroupMissing
        """
    )


def test_command_that_the_environment_lacks_is_not_taken_from_elsewhere(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace("pytest>=8", "iniconfig")})
    assert reason(project) == lines(
        f"""
        failed: tests-{HERE}: pytest is not in the environment of tests-{HERE}: nothing in the group test brings it
        fix:  [dependency-groups]
              test = ["pytest"]
        {READ}CommandMissing
        """
    )


def test_requirement_that_no_index_has(project: SampleProject) -> None:
    package(project, TESTS)
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace("pytest>=8", "pytest>=8000")})
    message = reason(project)
    assert message.startswith(f"failed: tests-{HERE}: ")
    assert "pytest>=8000" in message
    assert message.endswith(
        "fix:  make the index reachable, or the requirements satisfiable, and run the session again\n"
        f"{READ}InstallFailed\n"
    )


def test_backend_that_fails(project: SampleProject) -> None:
    """Its own last lines are shown, once, and it is not tried again by the sessions that come after."""
    package(project, "build()", TESTS, backend="hatchling")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace("README.md", "READYOU.md")})
    ran = project.nox()
    assert ran.output.count("building the sdist") == 1
    message = reason(project)
    assert message.startswith(f"failed: build, tests-{HERE}: the build backend could not build the sdist:\n")
    assert "OSError: Readme file does not exist: READYOU.md" in message
    assert message.endswith(
        f"fix:  correct the cause; for the whole output: python -m build --sdist\n{READ}BackendFailed\n"
    )


def test_build_system_that_is_wrong(project: SampleProject) -> None:
    package(project, "build()", backend="hatchling")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject.replace('requires = ["hatchling"]', 'requires = "hatchling"')})
    assert reason(project) == lines(
        f"""
        failed: build: {{root}}/pyproject.toml: Failed to validate `build-system` in pyproject.toml: `requires` must be an array of strings
        fix:  [build-system]
              requires = ["hatchling"]
              build-backend = "hatchling.build"
        {READ}PyprojectInvalid
        """
    )


def test_wheel_without_the_package(project: SampleProject) -> None:
    package(project, "build()", TESTS, backend="hatchling")
    pyproject = (project.root / "pyproject.toml").read_text()
    project.write({"pyproject.toml": pyproject + '\n[tool.hatch.build.targets.wheel]\nonly-include = ["README.md"]\n'})
    assert reason(project) == lines(
        f"""
        failed: build, tests-{HERE}: tidepool-1.2.3-py3-none-any.whl does not contain tidepool, which the source tree has in src/tidepool
        fix:  [tool.hatch.build.targets.wheel]
              packages = ["src/tidepool"]
        {READ}PackageMissing
        """
    )
    assert not (project.root / "dist").exists(), "it could be uploaded by accident"


def test_dist_with_foreign_files(project: SampleProject) -> None:
    """Nothing of it is removed, not even what is the project's own."""
    package(project, "build()")
    project.write({"dist/notes.txt": "mine", "dist/tidepool-1.0.tar.gz": "old", "dist/other-1.0.tar.gz": "theirs"})
    assert reason(project) == lines(
        f"""
        failed: build: {{root}}/dist is emptied before a build, and contains files that are not distributions of tidepool: notes.txt, other-1.0.tar.gz
        fix:  move them elsewhere
        {READ}ForeignFiles
        """
    )
    held = {path.name: path.read_text() for path in (project.root / "dist").iterdir()}
    assert held == {"notes.txt": "mine", "tidepool-1.0.tar.gz": "old", "other-1.0.tar.gz": "theirs"}


def test_wheel_whose_name_keeps_it_from_one_of_the_pythons(project: SampleProject) -> None:
    with_tests_environment(
        package(project, 'tests(pythons=["3.9", "3.10", "3.11", "3.12", "3.13"])', backend="setuptools")
    )
    tag = f"cp{HERE.replace('.', '')}"
    project.write({"setup.cfg": f"[bdist_wheel]\npython_tag = {tag}\n"})
    other = "3.9" if HERE != "3.9" else "3.10"
    assert project.nox("-s", f"tests-{HERE}").returncode == 0
    assert reason(project, "-s", f"tests-{other}") == lines(
        f"""
        failed: tests-{other}: tidepool-1.2.3-{tag}-none-any.whl can't be installed on Python {other}, as its name says
        fix:  remove Python {other} from the classifiers; or have the build backend name the wheel for it
        {READ}WheelUnfit
        """
    )


def test_file_in_the_place_of_a_folder(project: SampleProject) -> None:
    package(project, "build()")
    project.write({"dist": "a file in the place of the folder"})
    assert reason(project) == lines(
        f"""
        failed: build: {{root}}/dist: File exists
        fix:  move it away
        {READ}FileUnusable
        """
    )


def test_no_linter(project: SampleProject) -> None:
    package(project, "lint()")
    assert project.nox("-l").returncode == 0, "the other sessions can do without"
    assert reason(project) == lines(
        f"""
        failed: lint: {{root}} configures no linter: no .pre-commit-config.yaml, no [tool.ruff], no ruff.toml
        fix:  add [tool.ruff] to pyproject.toml, or name a command and the group that brings it:
              sessions.lint(command=["flake8"], groups=["lint"])
        {READ}NothingToLint
        """
    )


def test_session_without_an_environment(project: SampleProject) -> None:
    package(project, TESTS)
    assert reason(project, "--no-venv") == lines(
        f"""
        failed: tests: tests needs an environment of its own
        fix:  run nox without --no-venv
        {READ}EnvironmentMissing
        """
    )


def test_missing_python_is_named_together_with_how_to_get_it(project: SampleProject) -> None:
    with_tests_environment(package(project, f'tests(pythons=["{HERE}", "3.99"])'))
    ran = project.nox("--no-error-on-missing-interpreters")
    assert ran.returncode == 0, ran.output
    assert ran.summary == lines(
        f"""
        {HERE}  3.99
        tests  ✓ N s  –

        1 passed, 1 skipped in N s
        skipped: tests-3.99: Python 3.99 is not installed; to get it: uv python install 3.99
        """
    )


def test_missing_python_is_an_error_in_ci(project: SampleProject) -> None:
    with_tests_environment(package(project, f'tests(pythons=["{HERE}", "3.99"])'))
    assert reason(project, "--error-on-missing-interpreters") == lines(
        """
        failed: tests-3.99: Python 3.99 is not installed; to get it: uv python install 3.99
        """
    )


@pytest.mark.parametrize("parallel", ["1", "2"])
def test_run_in_which_nothing_was_tested_is_never_green(project: SampleProject, parallel: str) -> None:
    package(project, "build()", 'tests(pythons=["3.98", "3.98.1"])')
    ran = project.nox("--no-error-on-missing-interpreters", NOX_PARALLEL=parallel)
    assert ran.returncode == 1, ran.output
    assert ran.output.endswith("nox > nothing was tested: tests ran on no Python at all\n")


def test_summary_that_can_not_be_written_changes_no_verdict(project: SampleProject) -> None:
    package(project, 'tests(pythons=["3.98"])')
    page = project.root / "no such folder/summary.md"
    ran = project.nox("--no-error-on-missing-interpreters", GITHUB_STEP_SUMMARY=str(page), PYTHONIOENCODING="ascii")
    assert ran.returncode == 1, ran.output
    assert not ran.was_a_traceback
    assert ran.output.endswith("nox > nothing was tested: tests ran on no Python at all\n")


def test_old_environment_is_not_taken_for_a_test_of_the_new_wheel(project: SampleProject) -> None:
    with_tests_environment(package(project, TESTS))
    assert project.nox().returncode == 0
    assert project.nox("-R").returncode == 0, "nothing has changed"
    project.write({"src/tidepool/__init__.py": "EDITED = True\n"})
    assert reason(project, "-R") == lines(
        f"""
        failed: tests-{HERE}: tests-{HERE} has no environment with tidepool-1.2.3-py3-none-any.whl as it is now, and -R installs nothing
        fix:  nox -s tests-{HERE}
        {READ}EnvironmentMissing
        """
    )


def test_no_git_repository(project: SampleProject) -> None:
    """It builds all the same, and says what the dates in the distributions are."""
    package(project, "build()")
    for name in ("config", "HEAD"):
        (project.root / ".git" / name).unlink()
    ran = project.nox()
    assert ran.returncode == 0, ran.output
    assert (
        f"nox > {project.root} has no git commit yet: the files in the distributions are dated 1980-01-01\n"
        in ran.output
    )
    assert "building" not in project.nox().output


@pytest.mark.skipif(sys.platform != "linux", reason="unreadable files need Linux")
def test_lock_file_that_cannot_be_read(project: SampleProject) -> None:
    package(project, TESTS)
    (project.root / "uv.lock").symlink_to("/proc/self/mem")
    assert reason(project, "-s", "tests") == lines(
        f"""
        failed: tests-{HERE}: {{root}}/uv.lock can't be read: Input/output error
        fix:  make it a file that you may read
        {READ}PyprojectUnreadable
        """
    )
