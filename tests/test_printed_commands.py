"""A printed command can be typed: by the name that was called, on the project that was named."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from release_repo import ReleaseRepo, make_release_repo
from sample_project import SampleProject, lines, normalised
from seatrial.commands import own_origin, uvx_call

if TYPE_CHECKING:
    from sample_project import RunResult


pytestmark = pytest.mark.slow
READ = "more: seatrial explain "
SCRIPTS = Path(sys.executable).parent
FAILING: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("release",),
        f"""
        seatrial: which part of 1.2.3 is to be raised? minor (1.3.0), patch (1.2.4), major (2.0.0), rc (1.3.0rc1)
        fix:  {{called}} release --part auto
        {READ}PartMissing
        """,
    ),
    (
        ("release", "--part", "patch"),
        f"""
        seatrial: 1.2.4 raises the patch part of 1.2.3, and changelog.d/1.feature.md asks for minor
        fix:  {{called}} release --part minor; or all the same: --anyway
        {READ}PartTooSmall
        """,
    ),
    (
        ("bump", "--part", "patch"),
        f"""
        seatrial: 1.2.4 raises the patch part of 1.2.3, and changelog.d/1.feature.md asks for minor
        fix:  {{called}} bump --part minor; or all the same: --anyway
        {READ}PartTooSmall
        """,
    ),
    (
        ("news", "feature", "X", "--issue", "a b"),
        f"""
        seatrial: 'a b' is not the number of an issue
        fix:  {{called}} news feature X --issue 42
        {READ}FragmentInvalid
        """,
    ),
    (
        ("release", "--version", "1.2.2", "--allow-empty", "--pull-request"),
        f"""
        seatrial: 1.2.2 is not newer than 1.2.3, the version of tidepool
        fix:  {{called}} release --pull-request --allow-empty --part minor
        {READ}VersionNotNewer
        """,
    ),
    (
        ("bump", "--part", "final"),
        f"""
        seatrial: --part final leads nowhere: 1.2.3 is not a pre-release
        fix:  {{called}} bump --part minor
        {READ}PartUnknown
        """,
    ),
    (
        ("bump", "--version", "1.2.2"),
        f"""
        seatrial: 1.2.2 is not newer than 1.2.3, the version of tidepool
        fix:  {{called}} bump --part minor
        {READ}VersionNotNewer
        """,
    ),
    (
        ("bump", "--part", "mayor"),
        f"""
        seatrial: unknown part 'mayor'; did you mean major?
        fix:  {{called}} bump --part major
        {READ}PartUnknown
        """,
    ),
    (
        ("news", "fetaure", 'Tides "rise".'),
        f"""
        seatrial: pyproject.toml has no fragment type 'fetaure'; did you mean feature?
        fix:  {{called}} news feature 'Tides "rise".'
        {READ}FragmentTypeUnknown
        """,
    ),
    (
        ("push",),
        f"""
        seatrial: the tag v1.2.3 does not exist
        fix:  {{called}} tag
        {READ}TagMissing
        """,
    ),
    (
        ("verify", "--version", "1.3.0"),
        f"""
        seatrial: the tag v1.3.0 does not exist
        fix:  git fetch --tags; or, where nothing was released, {{called}} release
        {READ}TagMissing
        """,
    ),
    (
        ("workflows", "--check"),
        f"""
        seatrial: .github/workflows/ci.yml does not exist yet
        .github/workflows/release.yml does not exist yet
        .github/dependabot.yml does not exist yet
        fix:  {{called}} workflows
        {READ}WorkflowsDrifted
        """,
    ),
    (
        ("check",),
        f"""
        seatrial: {{root}}/dist contains no distributions
        fix:  nox -s build; or: {{program}} check FILES
        {READ}NothingToCheck
        """,
    ),
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> ReleaseRepo:
    """Return a project that has its CI on GitHub, by its folders."""
    repo = make_release_repo(tmp_path_factory.mktemp("port"))
    (repo.project.root / ".github").mkdir()
    return repo


def fix(ran: RunResult) -> str:
    """Return the line that says how to fix it."""
    return ran.message.splitlines()[1]


def printed(ran: RunResult, repo: ReleaseRepo) -> str:
    """Return the message of an error, without the steps before it."""
    _, name, message = normalised(ran.output, root=repo.project.root).rpartition("seatrial: ")
    return f"{name}{message}"


@pytest.mark.parametrize("way", ["invoke", "seatrial --project tidepool"])
def test_fix_is_the_command_that_was_called(repo: ReleaseRepo, way: str) -> None:
    """Each task looks at a real repository before it fails."""
    program, *options = way.split()
    where = SampleProject(repo.project.root.parent, repo.project.environ) if options else repo.project
    for words, expected in FAILING:
        ran = where.run(sys.executable, "-m", program, *options, *words)
        assert printed(ran, repo) == lines(expected).format(called=way, program="seatrial", root="{root}"), words


def test_project_option_is_quoted_and_repeated_in_commands(repo: ReleaseRepo) -> None:
    folder = repo.project.root.parent / "a b"
    folder.symlink_to(repo.project.root)
    ran = SampleProject(folder.parent, repo.project.environ).run("seatrial", "push", "--project=a b")
    assert fix(ran) == "fix:  seatrial --project 'a b' tag"
    folder.unlink()


BY_PATH = {"PATH": os.pathsep.join(("/usr/bin", "/bin"))}
BY_UV = {"PATH": os.pathsep.join((str(SCRIPTS), BY_PATH["PATH"])), "UV": "uv"}
"""The variables as uv sets them for what it runs, with the folder of the environment before all others in PATH."""
WAYS: tuple[tuple[tuple[str, ...], dict[str, str], str], ...] = (
    ((str(SCRIPTS / "seatrial"),), BY_PATH, str(SCRIPTS / "seatrial")),
    ((str(SCRIPTS / "invoke"),), BY_PATH, str(SCRIPTS / "invoke")),
    ((sys.executable, "-m", "seatrial"), {}, "seatrial"),
    ((sys.executable, "-m", "seatrial"), BY_PATH, str(SCRIPTS / "seatrial")),
    ((sys.executable, "-m", "invoke"), BY_PATH, str(SCRIPTS / "invoke")),
    (("uv", "run", "--no-project", "--python", sys.executable, "seatrial"), BY_PATH, "uv run seatrial"),
    (("seatrial",), BY_UV, uvx_call("seatrial", own_origin())),
    (("inv",), {}, "inv"),
    (("seatrial",), {"SEATRIAL_CALLED": "invoke"}, "invoke"),
)


@pytest.mark.parametrize(("called", "environ", "expected"), WAYS)
def test_program_is_one_that_is_found(
    repo: ReleaseRepo, called: tuple[str, ...], environ: dict[str, str], expected: str
) -> None:
    name, *arguments = called
    ran = repo.project.run(shutil.which(name, path=repo.project.environ["PATH"]) or name, *arguments, "push", **environ)
    assert fix(ran) == f"fix:  {expected} tag"


def test_relative_path_stays_one(repo: ReleaseRepo) -> None:
    (repo.project.root / "bin").symlink_to(SCRIPTS)
    ran = repo.project.run("bin/seatrial", "push", **BY_PATH)
    (repo.project.root / "bin").unlink()
    assert fix(ran) == "fix:  bin/seatrial tag"


@pytest.mark.parametrize("way", ["invoke", "seatrial --project tidepool"])
def test_command_for_nobody_to_ask_is_the_one_that_was_typed(repo: ReleaseRepo, way: str) -> None:
    """A real process has no terminal to ask on."""
    where = SampleProject(repo.project.root.parent, repo.project.environ) if " " in way else repo.project
    before = repo.state()
    ran = where.run(*way.split(), "release", "--no-tests", "--part", "minor")
    assert printed(ran, repo).endswith(
        lines(
            f"""
            seatrial: there is no terminal to ask on: not released; nothing has changed
            fix:  {way} release --yes --no-tests --part minor
            {READ}Declined
            """
        )
    )
    assert repo.state() == before
