"""The `seatrial` program, and the same commands as tasks of invoke, in real processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from release_repo import make_release_repo
from sample_project import SampleProject, lines

if TYPE_CHECKING:
    from pathlib import Path

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow
READ = "more: seatrial explain "
TASKS = """
from invoke import Collection, task

from seatrial.tasks import ns


@task(help={"where": "a place"})
def sail(context, crew, where="", fast=False):
    print("sailing", crew, where, fast)


ns.add_task(sail)
"""

MISTAKES = (
    (
        "relase --part patch --yes",
        f"""
        seatrial: unknown command 'relase'; did you mean release?
        fix:  {{program}} release --part patch --yes
        {READ}CommandUnknown
        """,
    ),
    (
        "sideways",
        f"""
        seatrial: unknown command 'sideways'
        fix:  {{program}} --help
        {READ}CommandUnknown
        """,
    ),
    (
        "relase --help",
        f"""
        seatrial: unknown command 'relase'; did you mean release?
        fix:  {{program}} release --help
        {READ}CommandUnknown
        """,
    ),
    (
        "release --prat minor",
        f"""
        seatrial: release has no option --prat; did you mean --part?
        fix:  {{program}} release --part minor
        {READ}OptionUnknown
        """,
    ),
    (
        "release --dry --part patch --yes",
        f"""
        seatrial: release has no option --dry; did you mean --dry-run?
        fix:  {{program}} release --dry-run --part patch --yes
        {READ}OptionUnknown
        """,
    ),
    (
        "verify --limit",
        f"""
        seatrial: --limit needs a value
        fix:  {{program}} verify --limit 600
        {READ}ValueMissing
        """,
    ),
    (
        "ci.version --run x",
        f"""
        seatrial: --run needs a number, not 'x'
        fix:  {{program}} ci.version --run 1
        {READ}ValueUnknown
        """,
    ),
    (
        "news feature",
        f"""
        seatrial: news needs TEXT
        fix:  {{program}} news feature TEXT
        {READ}ValueMissing
        """,
    ),
    (
        "explain DIST20",
        f"""
        seatrial: unknown code 'DIST20'; did you mean DIST201, DIST202 or DIST203?
        fix:  seatrial explain DIST201
        {READ}CodeUnknown
        """,
    ),
)

PLAN_FIX = f"fix:  seatrial release --dry-run --no-color\n{READ}CommandUnknown"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> ReleaseRepo:
    """Return a project with tasks of its own next to those of seatrial."""
    repo = make_release_repo(tmp_path_factory.mktemp("port"))
    repo.project.write({"tasks.py": TASKS})
    repo.project.commit("Sail")
    repo.project.git("push", "-q")
    return repo


@pytest.mark.parametrize("program", ["invoke", "seatrial"])
def test_mistake_is_answered_in_our_words(repo: ReleaseRepo, program: str) -> None:
    run = repo.project.invoke if program == "invoke" else repo.project.seatrial
    before = repo.state()
    for line, message in MISTAKES:
        ran = run(*shlex.split(line))
        assert (ran.returncode, ran.output) == (2, lines(message).format(program=program)), line
    assert repo.state() == before


REFUSED = (
    ("--dry release --part patch --yes", "release --dry-run --part patch --yes", "release", "dry"),
    ("-R release patch -y", "release --dry-run patch -y", "release", "dry"),
    ("-f none.yaml -eR push", "-f none.yaml push", "push", "dry"),
    ("--echo status", "status", "status", "echo"),
    ("--hide both --list-depth 1 status", "--list-depth 1 status", "status", "hide"),
    ("-T 5 status", "status", "status", "command-timeout"),
    ("--pty status", "status", "status", "pty"),
    ("-w status", "status", "status", "warn-only"),
)


def test_option_of_invoke_that_does_nothing_is_refused(repo: ReleaseRepo) -> None:
    before = repo.state()
    for line, fix, command, option in REFUSED:
        ran = repo.project.invoke(*shlex.split(line))
        expected = lines(
            f"""
            seatrial: {command} does not obey --{option}, an option of invoke
            fix:  invoke {fix}
            {READ}OptionIgnored
            """
        )
        assert (ran.returncode, ran.output) == (2, expected), line
    assert repo.state() == before


def test_option_that_invoke_does_not_have_is_answered_in_our_words(repo: ReleaseRepo) -> None:
    for line in ("pythons -q", "pythons --no-color --verbose", "pythons -v status --quiet"):
        assert repo.project.invoke(*line.split()).returncode == 0, line
    for line, message, fix in (
        ("-q status", "invoke has no option -q", "status -q"),
        ("--no-dedup status", "invoke has no option --no-dedup; did you mean --no-dedupe?", "--no-dedupe status"),
        ("status --sideways", "status has no option --sideways", "status --help"),
        ("--sideways status", "invoke has no option --sideways", "--help"),
    ):
        ran = repo.project.invoke(*line.split())
        expected = f"seatrial: {message}\nfix:  invoke {fix}\n{READ}OptionUnknown\n"
        assert (ran.returncode, ran.output) == (2, expected), line


def test_configuration_of_invoke_that_runs_nothing_is_refused(repo: ReleaseRepo) -> None:
    before = repo.state()
    expected = lines(
        f"""
        seatrial: run.dry is set in the configuration of invoke, and release does not obey it
        fix:  unset INVOKE_RUN_DRY, or run.dry in invoke.yaml; then: {{program}} release --dry-run
        {READ}OptionIgnored
        """
    )
    for program, run in (("invoke", repo.project.invoke), ("seatrial", repo.project.seatrial)):
        ran = run("release", "patch", "--yes", INVOKE_RUN_DRY="1")
        assert (ran.returncode, ran.output) == (2, expected.format(program=program))
    repo.project.write({"invoke.yaml": "run:\n  dry: true\n"})
    ran = repo.project.invoke("release", "patch", "--yes")
    (repo.project.root / "invoke.yaml").unlink()
    assert (ran.returncode, ran.output) == (2, expected.format(program="invoke"))
    assert repo.state() == before


def test_option_of_invoke_is_absent(repo: ReleaseRepo) -> None:
    before = repo.state()
    for option in ("--dry", "--echo", "--write-pyc", "--prompt-for-sudo-password", "--hide=both", "-R", "-e"):
        ran = repo.project.seatrial(option, "push")
        expected = lines(
            f"""
            seatrial: push has no option {option.partition("=")[0]}
            fix:  seatrial push --help
            {READ}OptionUnknown
            """
        )
        assert (ran.returncode, ran.output) == (2, expected), option
    ran = repo.project.seatrial("--dry", "release", "patch", "--yes")
    assert ran.output.splitlines()[1] == "fix:  seatrial release --dry-run patch --yes"
    assert repo.state() == before


def test_option_of_the_program_may_come_first_or_alone(repo: ReleaseRepo) -> None:
    pages = {repo.project.seatrial(*words.split()).output for words in ("--help", "-q", "-v --no-color", "help -q")}
    assert len(pages) == 1
    for line, fix in (
        ("--version=3", "--version takes no value\nfix:  seatrial --version\nmore: seatrial explain ValueUnknown"),
        ("--no-color plan", f"unknown command 'plan'; did you mean release --dry-run?\n{PLAN_FIX}"),
    ):
        ran = repo.project.seatrial(*line.split())
        assert (ran.returncode, ran.output) == (2, f"seatrial: {fix}\n"), line


def test_help_is_the_same_with_invoke(repo: ReleaseRepo) -> None:
    for line in ("news feature --help", "undo -h", "new --help", "--help release", "release minor --help"):
        of_invoke, of_seatrial = repo.project.invoke(*line.split()), repo.project.seatrial(*line.split())
        assert of_invoke.returncode == of_seatrial.returncode == 0
        assert of_invoke.output == of_seatrial.output.replace("seatrial", "invoke").replace(" --project,", ""), line


def test_words_and_tasks_of_the_project_work_together(repo: ReleaseRepo) -> None:
    for line, expected in (
        ("sail Ann", "sailing Ann  False\n"),
        ("sail Ann --where harbour sail Bob --fast", "sailing Ann harbour False\nsailing Bob  True\n"),
        ("sail release explain TagTaken", "sailing release  False\nTagTaken (error, exit code 5)\n"),
    ):
        ran = repo.project.invoke(*line.split())
        assert (ran.returncode, ran.output[: len(expected)]) == (0, expected), line
    ran = repo.project.invoke("--help", "sail")
    assert (ran.returncode, ran.output.splitlines()[-2]) == (0, "  -w STRING, --where=STRING   a place")
    ran = repo.project.invoke("sial", "Ann")
    assert ran.output.splitlines()[:2] == [
        "seatrial: unknown command 'sial'; did you mean sail?",
        "fix:  invoke sail Ann",
    ]
    ran = repo.project.invoke("--dry", "sail", "Ann")
    assert (ran.returncode, ran.output) == (0, "sailing Ann  False\n")


VERSIONS = (
    ("bump minor", "1.2.3 → 1.3.0"),
    ("bump --part minor", "1.2.3 → 1.3.0"),
    ("bump 1.4.0", "1.2.3 → 1.4.0"),
    ("bump --version 1.4.0", "1.2.3 → 1.4.0"),
    ("bump minor status --json", "1.2.3 → 1.3.0"),
)


def test_word_and_option_are_the_same(repo: ReleaseRepo) -> None:
    for run in (repo.project.invoke, repo.project.seatrial):
        for line, expected in VERSIONS:
            if "status" in line and run == repo.project.seatrial:
                continue
            ran = run(*line.split())
            repo.project.git("checkout", "-q", ".")
            assert ran.output.partition(" in ")[0] == expected, line


def test_release_takes_a_part_or_a_version(repo: ReleaseRepo) -> None:
    """The plan of a release has the version, which no fast test could show."""
    before = repo.state()
    for run, word in ((repo.project.invoke, "minor"), (repo.project.seatrial, "1.3.0")):
        ran = run("release", word, "--dry-run", "--no-tests")
        assert (ran.returncode, "tidepool 1.2.3 → 1.3.0" in ran.output.splitlines()) == (0, True), ran.output
    assert repo.state() == before


def test_command_is_run_twice_with_words_for_the_same_parameters(repo: ReleaseRepo) -> None:
    ran = repo.project.invoke("explain", "TagTaken", "explain", "LimitInvalid")
    assert ran.returncode == 0
    assert [line for line in ran.output.splitlines() if "exit code" in line] == [
        "TagTaken (error, exit code 5)",
        "LimitInvalid (error, exit code 7)",
    ]
    ran = repo.project.invoke("bump", "minor", "bump", "--version", "2.0.0")
    expected = lines(
        f"""
        seatrial: invoke takes bump twice only with words for the same parameters
        fix:  invoke bump minor && invoke bump --version 2.0.0
        {READ}WordUnexpected
        """
    )
    assert (ran.returncode, ran.output) == (2, expected)


def test_text_may_begin_with_a_dash(repo: ReleaseRepo) -> None:
    ran = repo.project.invoke("news", "feature", "- Tides rise.")
    expected = lines(
        f"""
        seatrial: invoke takes '- Tides rise.' for an option
        fix:  invoke news feature '--text=- Tides rise.'
        {READ}WordUnexpected
        """
    )
    assert (ran.returncode, ran.output) == (2, expected)
    for run, words in (
        (repo.project.invoke, ("news", "feature", "--text=- Tides rise.", "--issue", "42")),
        (repo.project.seatrial, ("news", "feature", "- Tides rise.", "--issue", "42")),
    ):
        assert run(*words).returncode == 0
        path = repo.project.root / "changelog.d/42.feature.md"
        assert path.read_text(encoding="utf-8") == "- Tides rise.\n"
        path.unlink()


def test_folder_that_was_removed_is_one_message(tmp_path: Path, repo: ReleaseRepo) -> None:
    """A shell can be in it still."""
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD"; seatrial status; seatrial new tidepool; seatrial --help >/dev/null && echo helped'
    ran = SampleProject(gone, repo.project.environ).run("sh", "-c", script)
    message = lines(
        f"""
        seatrial: the current folder does not exist any more
        fix:  cd FOLDER
        {READ}PyprojectMissing
        """
    )
    assert ran.output == f"{message}{message}helped\n"


def test_files_are_words_with_invoke_too(repo: ReleaseRepo) -> None:
    outputs = {
        run("check", *words).output
        for run in (repo.project.invoke, repo.project.seatrial)
        for words in (("README.md", "tasks.py", "--json"), ("--file", "README.md", "--json", "tasks.py"))
    }
    assert len(outputs) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows starts no process without standard streams")
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_streams_are_no_error(closed: tuple[int, ...]) -> None:
    """A service may start a command so, and a file that is opened then must not get the output."""

    def close() -> None:
        for number in closed:
            os.close(number)

    command = (sys.executable, "-m", "seatrial", "--version")
    done = subprocess.run(command, preexec_fn=close, capture_output=True, check=False)
    assert (done.returncode, bool(done.stdout), done.stderr) == (0, 1 not in closed, b"")
