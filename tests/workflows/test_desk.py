"""``invoke workflows`` writes what is generated, and nothing else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

from harbour import Harbour, harbour
from trial import HERE, Ran
from workflow_sets import wheels_of_the_docs

if TYPE_CHECKING:
    from pathlib import Path

CI, RELEASE, DEPENDABOT = ".github/workflows/ci.yml", ".github/workflows/release.yml", ".github/dependabot.yml"
ALL = (CI, RELEASE, DEPENDABOT)
READ = "read: https://github.com/seatrial/seatrial/blob/main/docs/errors.md#"

pytestmark = pytest.mark.slow


@pytest.fixture
def port(tmp_path: Path) -> Harbour:
    """Return a project whose remote is on GitHub."""
    made = harbour(tmp_path)
    made.trial.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    return made


def refused(ran: Ran) -> str:
    """Return what a command said that ended with the exit code of a project."""
    assert (ran.returncode, ran.was_a_traceback) == (2, False), ran.output
    return ran.output


def test_files_are_written_once_and_then_are_as_they_should_be(port: Harbour) -> None:
    before = port.state()
    said = refused(port.trial.invoke("workflows", "--check"))
    assert said == (
        f"seatrial: {CI} is not there yet\n{RELEASE} is not there yet\n{DEPENDABOT} is not there yet\n"
        f"fix:  invoke workflows\n{READ}workflowsdrifted\n"
    )
    assert port.state() == before
    assert port.trial.invoke("workflows") == Ran(0, "".join(f"written: {path}\n" for path in ALL))
    written = port.state()
    assert port.trial.invoke("workflows") == Ran(0, "nothing has changed\n")
    assert port.trial.invoke("workflows", "--check") == Ran(
        0,
        f"warning  CI114  {CI}, {RELEASE}:\n"
        "                  python -m pip install seatrial uv\n"
        "                  fix: uv lock, with seatrial in a dependency group; or pip install --require-hashes\n"
        "2 warnings\n"
        f"{', '.join(ALL)}: as they should be\n",
    )
    assert port.state() == written


def test_answer_is_the_same_on_another_branch_and_without_one(port: Harbour) -> None:
    port.trial.invoke("workflows")
    port.trial.git("checkout", "-q", "-b", "topic")
    assert port.trial.invoke("workflows", "--check").returncode == 0
    port.trial.git("checkout", "-q", "--detach")
    assert port.trial.invoke("workflows", "--check").returncode == 0


def test_branch_with_a_name_of_its_own_is_known_where_ci_clones_in_its_way(port: Harbour) -> None:
    port.trial.git("checkout", "-q", "-b", "trunk")
    port.trial.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    port.trial.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    port.trial.invoke("workflows")
    assert '    branches: ["trunk"]\n' in port.read(CI)
    port.trial.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    port.trial.git("checkout", "-q", "--detach")
    assert port.trial.invoke("workflows", "--check").returncode == 0


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("branch = 'main; id'", "'main; id'"),
        ("tag = 'v\"{version}'", "'v\"1'"),
        ("publisher = {workflow = '../../release.yml'}", "'../../release.yml'"),
        ("publisher = {environment = 'pypi # mine'}", "'pypi # mine'"),
    ],
    ids=["branch", "tag", "file", "environment"],
)
def test_name_that_would_be_another_thing_in_a_workflow_is_refused(port: Harbour, setting: str, shown: str) -> None:
    pyproject = port.read("pyproject.toml")
    port.trial.write({"pyproject.toml": f"{pyproject}{setting}\n"})
    before = port.state()
    said = refused(port.trial.invoke("workflows"))
    assert said.startswith(f"seatrial: {port.trial.root / 'pyproject.toml'}: {shown} can't stand in a workflow\n")
    assert port.state() == before


def test_own_lines_survive_and_the_gate_waits_for_own_jobs(port: Harbour) -> None:
    port.trial.invoke("workflows")
    own = "\n  docs:\n    runs-on: ubuntu-24.04\n    steps: []\n"
    port.trial.write({CI: "# Ours.\n" + port.read(CI) + own})
    assert "+    needs: [plan, build, test, docs]" in refused(port.trial.invoke("workflows", "--check"))
    assert port.trial.invoke("workflows") == Ran(0, f"written: {CI}\n")
    text = port.read(CI)
    assert text.startswith("# Ours.\n# >>> seatrial")
    assert text.endswith(own)
    assert "\n    needs: [plan, build, test, docs]\n" in text


def test_release_that_publishes_wheels_as_the_docs_show_is_as_it_should_be(port: Harbour) -> None:
    port.trial.invoke("workflows")
    before = port.trial.invoke("workflows", "--check")
    port.trial.write({RELEASE: port.read(RELEASE) + wheels_of_the_docs()})
    assert port.trial.invoke("workflows", "--check") == before
    assert before.returncode == 0
    assert port.trial.invoke("workflows") == Ran(0, "nothing has changed\n")


@pytest.mark.parametrize("text", ["on: push\njobs: {}\n", "a: [", ""], ids=["by hand", "no YAML", "empty"])
def test_file_that_was_written_by_hand_is_never_touched(port: Harbour, text: str) -> None:
    port.trial.write({RELEASE: text})
    expected = (
        f"seatrial: {RELEASE} was written by hand: no line says which part of it is generated\n"
        f"fix:  to have it generated, move {RELEASE} out of the way, run invoke workflows, and put your own jobs below "
        f"the last mark\n{READ}workflowsdrifted\n"
    )
    for option in ((), ("--overwrite",)):
        assert refused(port.trial.invoke("workflows", *option)) == expected
        assert port.read(RELEASE) == text


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make a link there")
@pytest.mark.parametrize("path", [CI, ".github/workflows", ".github"], ids=["file", "folder", "folder of folders"])
def test_nothing_is_written_through_a_link(port: Harbour, tmp_path: Path, path: str) -> None:
    port.trial.invoke("workflows")
    link, elsewhere = port.trial.root / path, tmp_path / "elsewhere"
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    port.trial.write({"pyproject.toml": port.read("pyproject.toml") + "tag = 'release-{version}'\n"})
    before = {one: one.read_bytes() for one in [elsewhere, *elsewhere.rglob("*")] if one.is_file()}
    said = refused(port.trial.invoke("workflows", "--overwrite"))
    assert f"{CI} is no file of this repository's own: it, or a folder above it, is a link" in said
    assert {one: one.read_bytes() for one in before} == before


def test_line_ends_stay(port: Harbour) -> None:
    port.trial.invoke("workflows")
    path = port.trial.root / CI
    ended = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(ended.replace(b"timeout-minutes: 60", b"timeout-minutes: 61"))
    assert port.trial.invoke("workflows", "--overwrite") == Ran(0, f"written: {CI}\n")
    assert path.read_bytes() == ended


def test_lines_that_were_changed_by_hand_are_kept_until_somebody_gives_them_up(port: Harbour) -> None:
    port.trial.invoke("workflows")
    text = port.read(RELEASE)
    port.trial.write({RELEASE: text.replace("timeout-minutes: 60", "timeout-minutes: 90")})
    before = port.state()
    said = refused(port.trial.invoke("workflows"))
    assert said.startswith(f"seatrial: {RELEASE} was changed by hand between the marks\n")
    assert "\n  -    timeout-minutes: 90\n  +    timeout-minutes: 60\n" in said
    assert port.state() == before
    assert port.trial.invoke("workflows", "--overwrite") == Ran(0, f"written: {RELEASE}\n")
    assert port.read(RELEASE) == text


def test_setting_that_changed_has_drifted(port: Harbour) -> None:
    port.trial.invoke("workflows")
    port.trial.write({"pyproject.toml": port.read("pyproject.toml") + "tag = 'release-{version}'\n"})
    said = refused(port.trial.invoke("workflows", "--check"))
    assert '\n  -    tags: ["v*"]\n  +    tags: ["release-*"]\n' in said


def test_session_that_is_not_there_and_a_broken_noxfile_are_told_before_anything_is_written(port: Harbour) -> None:
    before = port.state().files
    noxfile = port.read("noxfile.py")
    port.trial.write({"noxfile.py": noxfile.replace("sessions.check()\n", "")})
    assert refused(port.trial.invoke("workflows")) == (
        "seatrial: the noxfile has no session check, which the workflows run\n"
        f"fix:  sessions.check()\n{READ}sessionmissing\n"
    )
    port.trial.write({"noxfile.py": "import nothing_of_this_name\n"})
    said = refused(port.trial.invoke("workflows"))
    assert "nox can't list the sessions of" in said
    assert "No module named 'nothing_of_this_name'" in said
    port.trial.write({"noxfile.py": noxfile})
    assert port.state().files == before


def test_forge_that_is_none_of_both_is_told(port: Harbour) -> None:
    port.trial.git("remote", "set-url", "origin", "https://git.example.org/acme/tidepool")
    assert refused(port.trial.invoke("workflows")) == (
        "seatrial: https://git.example.org/acme/tidepool is neither GitHub nor GitLab\n"
        "fix:  git remote add origin ADDRESS, or make the folder .github, or the file .gitlab-ci.yml\n"
        f"{READ}workflowunknown\n"
    )
    port.trial.git("remote", "remove", "origin")
    said = refused(port.trial.invoke("workflows"))
    assert said.startswith("seatrial: there is no remote, so nobody knows whose CI it is to be\n")


def test_workflow_of_ones_own_is_judged_too(port: Harbour) -> None:
    port.trial.invoke("workflows")
    own = "jobs:\n  p:\n    timeout-minutes: 1\n    steps:\n      - uses: actions/checkout@v4\n"
    port.trial.write({".github/workflows/own.yml": own, ".github/workflows/no.yml": "a: ["})
    said = refused(port.trial.invoke("workflows", "--check"))
    assert said.startswith(
        "seatrial: error    CI116  .github/workflows/no.yml:\n"
        "                  line 1: expected the node content, but found '<stream end>'\n"
        "                  fix: mend it, or move it out of .github/workflows\n"
        "error    CI101  .github/workflows/own.yml:\n                  actions/checkout@v4 is no commit\n"
    )
    ignore = '\n[tool.seatrial.ignore]\nCI101 = "they are ours"\nCI116 = "it is a note"\n'
    port.trial.write({"pyproject.toml": port.read("pyproject.toml") + ignore})
    assert port.trial.invoke("workflows", "--check").returncode == 0


def test_pipeline_of_gitlab_names_the_sessions_and_drifts_with_them(port: Harbour) -> None:
    port.trial.git("remote", "set-url", "origin", "git@gitlab.com:acme/tidepool.git")
    assert port.trial.invoke("workflows") == Ran(0, "written: .gitlab-ci.yml\n")
    assert port.trial.invoke("workflows", "--check") == Ran(0, ".gitlab-ci.yml: as they should be\n")
    noxfile = port.read("noxfile.py").replace("sessions.tests()", 'sessions.tests(name="trials")')
    port.trial.write({"noxfile.py": noxfile})
    said = refused(port.trial.invoke("workflows", "--check"))
    assert f"\n  -        SESSION: tests-{HERE}\n  +        SESSION: trials-{HERE}\n" in said


FORM = "manage/project/tidepool/settings/publishing/?provider=github&owner=acme&repository=tidepool&workflow_filename"


def test_publisher_is_what_remote_and_workflows_say(port: Harbour) -> None:
    port.trial.invoke("workflows")
    said = port.trial.invoke("trusted-publisher").output
    home = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
    for index, host, file, environment in (
        ("PyPI", home, "release.yml", "pypi"),
        ("TestPyPI", TEST_REPOSITORY.split("/")[2], "ci.yml", "testpypi"),
    ):
        assert (
            f"{index}\n"
            "  owner        acme\n"
            "  repository   tidepool\n"
            f"  workflow     {file}\n"
            f"  environment  {environment}\n"
            f"  form         https://{host}/{FORM}={file}&environment={environment}\n"
            f"  a new name   https://{host}/manage/account/publishing/ with the name tidepool, too:\n"
        ) in said
    assert said.endswith(
        "In the settings of the repository\n"
        "  environment pypi: deployments from tags v* alone, a reviewer; not known here whether it is so\n"
        "  environment testpypi: deployments from the branch main alone, a reviewer; not known here whether it is so\n"
        "  rule for the tags v*: only maintainers make them, nobody moves or deletes one; "
        "not known here whether it is so\n"
    )


GH = """\
#!/bin/sh
case "$1 $2" in
  "api repos/acme/tidepool/environments/pypi")
    echo '{"protection_rules": [{"type": "required_reviewers"}], "deployment_branch_policy": {"custom": true}}';;
  "api repos/acme/tidepool/environments/testpypi") echo '{"protection_rules": []}';;
  "api repos/acme/tidepool/rulesets") echo '[{"target": "branch"}]';;
  *) echo "gh $*";;
esac
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script of sh stands for gh")
def test_gh_is_asked_what_is_set_and_starts_the_proof(port: Harbour, tmp_path: Path) -> None:
    port.trial.invoke("workflows")
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(GH)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{port.trial.environ['PATH']}"
    assert port.trial.invoke("trusted-publisher", PATH=path).output.endswith(
        "  environment pypi: deployments from tags v* alone, a reviewer; it is so: look which refs it admits\n"
        "  environment testpypi: deployments from the branch main alone, a reviewer; "
        "it has no reviewer and deployments from everywhere\n"
        "  rule for the tags v*: only maintainers make them, nobody moves or deletes one; there is no rule for tags\n"
    )
    page = "https://github.com/acme/tidepool/actions/workflows/release.yml\n"
    said = port.trial.invoke("workflows", "--prove", PATH=path).output
    assert said.startswith(f"gh workflow run release.yml --repo acme/tidepool --ref main\n{page}")
    assert port.trial.invoke("workflows", "--prove").output.startswith(page)
