"""The fix of a finding works: its commands are run as they are printed."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest
from invoke.parser import Parser
from invoke.parser.context import ParserContext

import broken_states
import sample_dists
from preflight_in_process import enter, findings
from release_repo import SETTINGS, ReleaseRepo, make_release_repo
from seatrial import sessions
from seatrial.findings import Verdict
from seatrial.tasks import ns

EXPECTED = Path(__file__).resolve().parents[1] / "expected"
COMMAND = re.compile(
    r"(?:^|: |; |; or |, then )"
    r"((?:git|invoke|nox|gh|pip|twine|uv) (?:'[^']*'|\"[^\"]*\"|[^;,\n'\"])+?)"
    r"(?=$|[;,\n]| shows )",
    re.MULTILINE,
)
"""A command in a fix: it begins a line or a part of a sentence, and ends where prose goes on."""


def commands(fix: str) -> list[list[str]]:
    """Return the commands of a fix, as a shell takes them apart."""
    return [shlex.split(command) for match in COMMAND.findall(fix) for command in match.split(" && ")]


def first_commands(fix: str) -> list[list[str]]:
    """Return those that a fix names first; what comes after "or" is another way."""
    return commands(re.split(r"; or |\nor ", fix)[0])


def edit(repo: ReleaseRepo, name: str, old: str, new: str) -> None:
    text = repo.read(name)
    assert old in text
    repo.project.write({name: text.replace(old, new)})
    repo.project.commit("Edit")
    repo.project.git("push", "-q")


def leave_something_unfinished(repo: ReleaseRepo) -> None:
    repo.project.write({"notes.txt": "mine\n", "README.md": "# More\n"})


def commit_something(repo: ReleaseRepo) -> None:
    repo.project.commit("Mine")


def clone_a_part(repo: ReleaseRepo) -> None:
    for _ in range(2):
        repo.project.commit("More")
    repo.project.git("push", "-q")
    repo.project.run("rm", "-rf", ".git")
    repo.project.git("clone", "-q", "--depth=1", "--bare", f"file://{repo.remote.root}", ".git")
    repo.project.git("config", "--unset", "core.bare")
    repo.project.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    repo.project.git("config", "branch.main.remote", "origin")
    repo.project.git("config", "branch.main.merge", "refs/heads/main")
    repo.project.git("reset", "-q", "--hard")
    # Only then is the state of the branch known.
    repo.project.git("fetch", "-q")


def lose_the_branch_there(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "-b", "next")
    repo.project.git("push", "-q", "-u", "origin", "next")
    repo.remote.git("branch", "-D", "next")


def sign_without_a_key(repo: ReleaseRepo) -> None:
    repo.project.git("config", "gpg.program", "/bin/false")
    repo.project.git("config", "commit.gpgSign", "true")


def forget_the_readme(repo: ReleaseRepo) -> None:
    edit(repo, "pyproject.toml", 'readme = "README.md"', 'readme = "MANUAL.md"')
    repo.project.write({"MANUAL.md": "# Manual\n"})


def have_no_workflow(repo: ReleaseRepo) -> None:
    (repo.project.root / ".github").mkdir()
    repo.project.write({".github/CODEOWNERS": "* @acme\n"})
    repo.project.commit("Go to GitHub")


def have_workflows_drift(repo: ReleaseRepo) -> None:
    (repo.project.root / ".github").mkdir()
    assert repo.project.invoke("workflows").returncode == 0
    repo.project.commit("Generate")
    edit(repo, "pyproject.toml", SETTINGS, f'{SETTINGS}branch = "trunk"\n')


def edit_a_workflow(repo: ReleaseRepo) -> None:
    (repo.project.root / ".github").mkdir()
    assert repo.project.invoke("workflows").returncode == 0
    edit(repo, ".github/workflows/ci.yml", "runs-on: ubuntu-", "runs-on: debian-")


CASES: tuple[tuple[str, Callable[[ReleaseRepo], None] | None, str], ...] = (
    ("GIT003", clone_a_part, "--part minor"),
    ("GIT004", broken_states.begin_a_merge, "--part minor"),
    ("GIT005", broken_states.detach, "--part minor"),
    ("GIT006", broken_states.branch_off, "--part minor"),
    ("GIT007", broken_states.lose_the_remote, "--part minor"),
    ("GIT007", broken_states.lose_the_upstream, "--part minor"),
    ("GIT007", broken_states.push_to_two, "--part minor"),
    ("GIT007", lose_the_branch_there, "--part minor"),
    ("GIT010", broken_states.fall_behind, "--part minor"),
    ("GIT010", broken_states.diverge, "--part minor"),
    ("GIT012", broken_states.lack_the_tags, "--part minor"),
    ("GIT013", broken_states.tag_here, "--part minor"),
    ("GIT015", sign_without_a_key, "--part minor"),
    ("GIT016", leave_something_unfinished, "--part minor"),
    ("GIT017", commit_something, "--part minor"),
    ("META003", None, "--part mayor"),
    ("META003", None, "--part patch"),
    ("META003", None, "--version 1.2.2"),
    ("META003", broken_states.tag_a_newer_release, "--part minor"),
    ("META005", broken_states.use_up_the_fragments, "--part patch"),
    ("META005", broken_states.misname_a_fragment, "--part minor"),
    ("META013", forget_the_readme, "--part minor"),
    ("CI001", have_no_workflow, "--part minor"),
    ("CI010", have_workflows_drift, "--part minor"),
    ("CI010", edit_a_workflow, "--part minor"),
)

OF_SESSIONS = ("CI010",)
"""The findings that depend on the sessions of the project."""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseRepo:
    """Make a project, and give this process the environment that its commands have."""
    made = make_release_repo(tmp_path / "port")
    made.project.environ["GIT_EDITOR"] = "echo A message >"
    enter(made.project, monkeypatch)
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("code", "trouble", "options"), CASES)
def test_fix_is_run_as_it_is_printed_and_the_finding_is_gone(
    repo: ReleaseRepo, code: str, trouble: Callable[[ReleaseRepo], None] | None, options: str
) -> None:
    """A release that a fix names is looked at with its options; what a person has to fill in is filled in."""
    if trouble:
        trouble(repo)
    lists_sessions = code in OF_SESSIONS
    finding = findings(repo.project, options, lists_sessions=lists_sessions)[code]
    assert finding.verdict is Verdict.FAILED
    for _ in range(2):
        printed = first_commands(finding.fix or "")
        assert printed, finding.fix
        for words in printed:
            if words[:2] == ["invoke", "release"]:
                options = " ".join(words[2:])
                continue
            program = (sys.executable, "-m", "invoke") if words[0] == "invoke" else words[:1]
            ran = repo.project.run(*program, *(word.replace("ADDRESS", "../remote.git") for word in words[1:]))
            assert ran.returncode == 0, (words, ran.output)
        if ", and commit" in (finding.fix or ""):
            repo.project.commit()
        finding = findings(repo.project, options, lists_sessions=lists_sessions)[code]
        if finding.verdict is not Verdict.FAILED:
            break
    assert finding.verdict is Verdict.PASSED


@pytest.mark.slow
def test_build_takes_the_place_of_distributions_that_were_made_by_hand(repo: ReleaseRepo) -> None:
    dist = repo.project.root / "dist"
    dist.mkdir()
    for sample in (sample_dists.sdist(), sample_dists.wheel().having({"tidepool/extra.py": "more = 1\n"})):
        (dist / sample.name).write_bytes(sample.data())
    before = judged_files(repo)["DIST404"]
    assert before["verdict"] == "failed"
    for words in commands(before["fix"]):
        assert repo.project.run(*words).returncode == 0
    assert judged_files(repo)["DIST404"]["verdict"] == "passed"


def judged_files(repo: ReleaseRepo) -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in json.loads(repo.project.invoke("check", "--json").output)}


PRINTED = sorted(
    {
        command
        for name in ("before_tag.txt", "findings.txt")
        for fix in re.findall(r"(?ms)^fix: (.*?)\n$", (EXPECTED / name).read_text(encoding="utf-8"))
        for command in map(shlex.join, commands(fix))
    }
)
OTHERS = {
    ("gh", "release"),
    ("gh", "workflow"),
    ("git", "lfs"),
    ("git", "submodule"),
    ("pip", "install"),
    ("twine", "upload"),
}
"""Commands of programs that can't be asked here."""


def is_known(program: str, words: list[str]) -> bool:
    """Whether a program takes these words, as far as that can be asked without doing it."""
    if program == "invoke":
        Parser(contexts=ns.to_contexts(), initial=ParserContext(), ignore_unknown=False).parse_argv(words)
        return True
    if program == "git" and words[0] == "-C":
        words = words[2:]
    if program == "git" and (program, words[0]) not in OTHERS:
        # It prints its usage, and ends with 129.
        git = (shutil.which("git") or "git", words[0], "-h")
        return subprocess.run(git, capture_output=True, check=False).returncode == 129
    if program == "nox":
        return words == ["-l"] or (words[0] == "-s" and all(hasattr(sessions, name) for name in words[1:]))
    return (program, words[0]) in OTHERS


@pytest.mark.parametrize("printed", PRINTED)
def test_command_that_is_printed_is_one_that_there_is(printed: str) -> None:
    program, *words = shlex.split(printed)
    assert is_known(program, words)
