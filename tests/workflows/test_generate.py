"""``invoke workflows`` writes what is generated, and nothing else."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

from release_repo import ReleaseRepo, make_release_repo
from sample_project import HERE, RunResult
from seatrial.checks.workflows import PUBLISH_PIN
from workflow_sets import wheels_of_the_docs

if TYPE_CHECKING:
    from pathlib import Path


CI, RELEASE, DEPENDABOT = ".github/workflows/ci.yml", ".github/workflows/release.yml", ".github/dependabot.yml"
ALL = (CI, RELEASE, DEPENDABOT)
READ = "more: seatrial explain "

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Return a project whose remote is on GitHub."""
    made = make_release_repo(tmp_path)
    made.project.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    return made


def refused(ran: RunResult) -> str:
    """Return what a command said that ended with the exit code of a project."""
    assert (ran.returncode, ran.was_a_traceback) == (2, False), ran.output
    return ran.output


def test_files_are_written_once_and_then_are_as_they_should_be(repo: ReleaseRepo) -> None:
    before = repo.state()
    message = refused(repo.project.invoke("workflows", "--check"))
    assert message == (
        f"seatrial: {CI} does not exist yet\n{RELEASE} does not exist yet\n{DEPENDABOT} does not exist yet\n"
        f"fix:  invoke workflows\n{READ}WorkflowsDrifted\n"
    )
    assert repo.state() == before
    assert repo.project.invoke("workflows") == RunResult(0, "".join(f"written: {path}\n" for path in ALL))
    written = repo.state()
    assert repo.project.invoke("workflows") == RunResult(0, "nothing has changed\n")
    assert repo.project.invoke("workflows", "--check") == RunResult(
        0,
        f"✓ {CI}  12 checks\n✓ {RELEASE}  11 checks\n{', '.join(ALL)}: up to date\n",
    )
    assert repo.state() == written


def test_answer_is_the_same_on_another_branch_and_without_one(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    repo.project.git("checkout", "-q", "-b", "topic")
    assert repo.project.invoke("workflows", "--check").returncode == 0
    repo.project.git("checkout", "-q", "--detach")
    assert repo.project.invoke("workflows", "--check").returncode == 0


def test_files_in_git_lfs_are_fetched_where_the_project_is_checked_out(repo: ReleaseRepo) -> None:
    repo.project.write({"src/.gitattributes": "# *.txt filter=lfs\n"})
    repo.project.git("add", "src/.gitattributes")
    repo.project.invoke("workflows")
    assert "lfs" not in repo.read(RELEASE)
    repo.project.write({"src/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    assert repo.project.invoke("workflows") == RunResult(0, f"written: {CI}\nwritten: {RELEASE}\n")
    for path in (CI, RELEASE):
        text = repo.read(path)
        assert text.count("uses: actions/checkout@") == text.count("          lfs: true\n")


def test_release_branch_is_found_in_a_clone_of_ci(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "-b", "trunk")
    repo.project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    repo.project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    repo.project.invoke("workflows")
    assert "    branches: [trunk]\n" in repo.read(CI)
    repo.project.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    repo.project.git("checkout", "-q", "--detach")
    assert repo.project.invoke("workflows", "--check").returncode == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("branch = 'main; id'", "'main; id'"),
        ("tag = 'v\"{version}'", "'v\"1'"),
        ("publisher = {workflow = '../../release.yml'}", "'../../release.yml'"),
        ("publisher = {environment = 'pypi # mine'}", "'pypi # mine'"),
    ],
    ids=["branch", "tag", "file", "environment"],
)
def test_name_that_would_be_another_thing_in_a_workflow_is_refused(repo: ReleaseRepo, setting: str, value: str) -> None:
    pyproject = repo.read("pyproject.toml")
    repo.project.write({"pyproject.toml": f"{pyproject}{setting}\n"})
    before = repo.state()
    message = refused(repo.project.invoke("workflows"))
    assert message.startswith(
        f"seatrial: {repo.project.root / 'pyproject.toml'}: {value} cannot be written into a workflow\n"
    )
    assert repo.state() == before


def test_own_lines_survive_and_the_gate_waits_for_own_jobs(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    own = "\n  docs:\n    runs-on: ubuntu-24.04\n    steps: []\n"
    repo.project.write({CI: "# Ours.\n" + repo.read(CI) + own})
    assert "+    needs: [plan, build, test, docs]" in refused(repo.project.invoke("workflows", "--check"))
    assert repo.project.invoke("workflows") == RunResult(0, f"written: {CI}\n")
    text = repo.read(CI)
    assert text.startswith("# Ours.\n# >>> seatrial")
    assert text.endswith(own)
    assert "\n    needs: [plan, build, test, docs]\n" in text


def test_release_that_publishes_wheels_as_the_docs_show_is_as_it_should_be(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    before = repo.project.invoke("workflows", "--check")
    repo.project.write({RELEASE: repo.read(RELEASE) + wheels_of_the_docs()})
    assert repo.project.invoke("workflows", "--check") == before
    assert before.returncode == 0
    assert repo.project.invoke("workflows") == RunResult(0, "nothing has changed\n")


@pytest.mark.parametrize("text", ["on: push\njobs: {}\n", "a: [", ""], ids=["by hand", "no YAML", "empty"])
def test_file_that_was_written_by_hand_is_never_touched(repo: ReleaseRepo, text: str) -> None:
    repo.project.write({RELEASE: text})
    expected = (
        f"seatrial: {RELEASE} was written by hand: no line says which part of it is generated\n"
        f"fix:  to have it generated, move {RELEASE} out of the way, run invoke workflows, and put your own jobs below "
        f"the last mark\n{READ}WorkflowsDrifted\n"
    )
    for option in ((), ("--overwrite",)):
        assert refused(repo.project.invoke("workflows", *option)) == expected
        assert repo.read(RELEASE) == text


@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make a link there")
@pytest.mark.parametrize("path", [CI, ".github/workflows", ".github"], ids=["file", "folder", "folder of folders"])
def test_nothing_is_written_through_a_link(repo: ReleaseRepo, tmp_path: Path, path: str) -> None:
    repo.project.invoke("workflows")
    link, elsewhere = repo.project.root / path, tmp_path / "elsewhere"
    link.rename(elsewhere)
    link.symlink_to(elsewhere)
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + "tag = 'release-{version}'\n"})
    before = {path: path.read_bytes() for path in [elsewhere, *elsewhere.rglob("*")] if path.is_file()}
    message = refused(repo.project.invoke("workflows", "--overwrite"))
    assert f"{CI} is not a file of this repository: it, or a folder above it, is a link" in message
    assert {path: path.read_bytes() for path in before} == before


def test_line_ends_stay(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    path = repo.project.root / CI
    ended = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(ended.replace(b"timeout-minutes: 60", b"timeout-minutes: 61"))
    assert repo.project.invoke("workflows", "--overwrite") == RunResult(0, f"written: {CI}\n")
    assert path.read_bytes() == ended


def test_lines_that_were_changed_by_hand_are_kept_until_somebody_gives_them_up(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    text = repo.read(RELEASE)
    repo.project.write({RELEASE: text.replace("timeout-minutes: 60", "timeout-minutes: 90")})
    before = repo.state()
    message = refused(repo.project.invoke("workflows"))
    assert message.startswith(f"seatrial: {RELEASE} was changed by hand between the marks\n")
    assert "\n  -    timeout-minutes: 90\n  +    timeout-minutes: 60\n" in message
    assert repo.state() == before
    assert repo.project.invoke("workflows", "--overwrite") == RunResult(0, f"written: {RELEASE}\n")
    assert repo.read(RELEASE) == text


def test_setting_that_changed_has_drifted(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + "tag = 'release-{version}'\n"})
    message = refused(repo.project.invoke("workflows", "--check"))
    assert "\n  -    tags: [v*]\n  +    tags: [release-*]\n" in message


def test_missing_session_and_broken_noxfile_are_reported_before_anything_is_written(repo: ReleaseRepo) -> None:
    before = repo.state().files
    noxfile = repo.read("noxfile.py")
    repo.project.write({"noxfile.py": noxfile.replace("sessions.check()\n", "")})
    assert refused(repo.project.invoke("workflows")) == (
        "seatrial: the noxfile has no session check, which the workflows run\n"
        f"fix:  sessions.check()\n{READ}SessionMissing\n"
    )
    repo.project.write({"noxfile.py": "import nothing_of_this_name\n"})
    message = refused(repo.project.invoke("workflows"))
    assert "nox can't list the sessions of" in message
    assert "No module named 'nothing_of_this_name'" in message
    repo.project.write({"noxfile.py": noxfile})
    assert repo.state().files == before


def test_unsupported_forge_is_reported(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "set-url", "origin", "https://git.example.org/acme/tidepool")
    assert refused(repo.project.invoke("workflows")) == (
        "seatrial: https://git.example.org/acme/tidepool is neither GitHub nor GitLab\n"
        "fix:  for GitLab: touch .gitlab-ci.yml; where workflows of GitHub run, as on Forgejo: mkdir .github\n"
        f"{READ}WorkflowUnknown\n"
    )
    repo.project.git("remote", "remove", "origin")
    message = refused(repo.project.invoke("workflows"))
    assert message.startswith("seatrial: the repository has no remote, so the CI service is unknown\n")


def test_workflow_of_ones_own_is_judged_too(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    own = f"jobs:\n  p:\n    steps:\n      - uses: actions/checkout@{'7' * 40}\n"
    repo.project.write({".github/workflows/own.yml": own, ".github/workflows/no.yml": "a: ["})
    message = refused(repo.project.invoke("workflows", "--check"))
    problem, fix, after = message.partition("  fix: name the version of the commit: ")
    assert problem == (
        "✗ CI116  .github/workflows/no.yml:\n"
        "  line 1: expected the node content, but found '<stream end>'\n"
        "  fix: correct it, or move it out of .github/workflows\n"
        "! CI101  .github/workflows/own.yml:\n"
        f"  actions/checkout@{'7' * 40} has no version after it\n"
    )
    assert fix + after.partition("\n")[2] == (
        f"{fix}\n✓ {CI}  12 checks\n"
        "✗ .github/workflows/no.yml  11 checks, 1 error\n"
        "! .github/workflows/own.yml  11 checks, 1 warning\n"
        f"✓ {RELEASE}  11 checks\n\n"
        "What a code means: seatrial explain CI116\n"
        f"{', '.join(ALL)}: up to date\n"
        "seatrial: checks failed for .github/workflows/no.yml\n"
        "fix:  correct what is reported above, or ignore it with a reason\n"
        f"{READ}WorkflowsUnsafe\n"
    )
    ignore = '\n[tool.seatrial.ignore]\nCI101 = "they are ours"\nCI116 = "it is a note"\n'
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + ignore})
    assert repo.project.invoke("workflows", "--check").returncode == 0


def test_checks_are_shown_with_what_has_drifted(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    repo.project.write({RELEASE: repo.read(RELEASE).replace("    environment: pypi\n", "")})
    message = refused(repo.project.invoke("workflows", "--check"))
    assert message.startswith(f"✗ CI103  {RELEASE}:\n  the job pypi has no environment\n  fix: environment: pypi\n")
    assert f"\n{RELEASE} was changed by hand between the marks\n" in message
    assert "fix:  correct what is reported above, or ignore it with a reason\n" in message
    assert "\n      put your own jobs below the last mark" in message


def test_nothing_is_written_where_own_lines_would_make_it_invalid(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    own = "\n  docs:\n    steps: [\n"
    pyproject = repo.read("pyproject.toml") + "workflows.testpypi = false\n"
    repo.project.write({"pyproject.toml": pyproject, CI: repo.read(CI) + own})
    before = repo.state()
    message = refused(repo.project.invoke("workflows"))
    assert message.startswith(f"seatrial: {CI} would not be valid: line ")
    assert f"\nfix:  correct the lines of your own in {CI}, above and below the generated lines\n" in message
    assert repo.state() == before


def test_file_that_was_written_by_hand_is_no_drift(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    repo.project.write({DEPENDABOT: "version: 2\nupdates: []\n"})
    assert repo.project.invoke("workflows", "--check").returncode == 0


BY_HAND = f"""\
on: {{push: {{tags: ["v*"]}}}}
jobs:
  test: {{timeout-minutes: 9, steps: [{{run: pytest}}]}}
  pypi:
    needs: test
    timeout-minutes: 9
    environment: pypi
    permissions: {{id-token: write}}
    steps: [{{uses: {PUBLISH_PIN.partition(" ")[0]}}}] # v1.14.2
"""


def test_workflows_that_were_written_by_hand_are_judged_whatever_the_project_is(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "set-url", "origin", "https://git.example.org/acme/tidepool")
    repo.project.write({RELEASE: BY_HAND, "noxfile.py": "import nothing_of_this_name\n"})
    checked = f"✓ {RELEASE}  11 checks\n{RELEASE}: written by hand, and checked\n"
    assert repo.project.invoke("workflows", "--check") == RunResult(0, checked)
    repo.project.write({RELEASE: BY_HAND.replace("environment: pypi", "name: Publish")})
    assert refused(repo.project.invoke("workflows", "--check")) == (
        f"✗ CI103  {RELEASE}:\n"
        "  the job pypi has no environment\n"
        "  fix: environment: pypi\n"
        f"\n✗ {RELEASE}  11 checks, 1 error\n"
        "\nWhat a code means: seatrial explain CI103\n"
        f"{RELEASE}: written by hand, and checked\n"
        f"seatrial: checks failed for {RELEASE}\n"
        "fix:  correct what is reported above, or ignore it with a reason\n"
        f"{READ}WorkflowsUnsafe\n"
    )


def test_pipeline_of_gitlab_names_the_sessions_and_drifts_with_them(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "set-url", "origin", "git@gitlab.com:acme/tidepool.git")
    assert repo.project.invoke("workflows") == RunResult(0, "written: .gitlab-ci.yml\n")
    assert repo.project.invoke("workflows", "--check") == RunResult(0, ".gitlab-ci.yml: up to date\n")
    noxfile = repo.read("noxfile.py").replace("sessions.tests()", 'sessions.tests(name="trials")')
    repo.project.write({"noxfile.py": noxfile})
    message = refused(repo.project.invoke("workflows", "--check"))
    assert f"\n  -        SESSION: tests-{HERE}\n  +        SESSION: trials-{HERE}\n" in message


EXPLAINED = """\
on the tag v1.3.0:
  ci.yml does not start: it starts on push, pull_request, not on a tag
  release.yml starts
    also on workflow_dispatch
    plan runs
    build runs
    test runs after plan and build
    pypi runs after build and test, uploads dist/ from artifact `distributions` to PyPI as publisher (acme, tidepool, \
release.yml, environment pypi); attestations: yes
    release runs after build and pypi
    prove does not run (if: github.event_name == 'workflow_dispatch')
the tag publishes to PyPI
"""


def test_what_a_tag_starts_is_explained(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    assert repo.project.invoke("workflows", "--explain", "v1.3.0") == RunResult(0, EXPLAINED)
    printed = json.loads(repo.project.invoke("workflows", "--explain=v1.3.0", "--json").output)
    jobs = {job["job"]: job for job in printed["workflows"][1]["jobs"]}
    assert (printed["tag"], printed["publishes"], jobs["pypi"]["uploads"][0]["index"]) == ("v1.3.0", "yes", "PyPI")
    assert "\nthe tag publishes nothing to PyPI\n" in repo.project.invoke("workflows", "--explain", "1.3.0").output
    refusal = repo.project.invoke("workflows", "--json")
    assert refusal.returncode == 2
    assert refusal.output.startswith("seatrial: --json needs --explain, with a tag\nfix:  invoke workflows --explain")


FORM = "manage/project/tidepool/settings/publishing/?provider=github&owner=acme&repository=tidepool&workflow_filename"


def test_publisher_is_what_remote_and_workflows_say(repo: ReleaseRepo) -> None:
    repo.project.invoke("workflows")
    output = repo.project.invoke("trusted-publisher").output
    assert output.startswith("on the tag v1.0.0:\n  release.yml starts\n    also on workflow_dispatch\n    plan runs\n")
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
        ) in output
    assert output.endswith(
        "In the settings of the repository\n"
        "  environment pypi: deployments from tags v* only, with a reviewer; current settings unknown\n"
        "  environment testpypi: deployments from the branch main only, with a reviewer; current settings unknown\n"
        "  rule for the tags v*: only maintainers create them, moving and deleting is forbidden; "
        "current settings unknown\n"
    )


def sections(output: str) -> dict[str, str]:
    """Return what is registered: the file and the environment, by what is printed before."""
    matches = re.findall(r"^(\w+)\n(?:  \w+ .*\n){2}  workflow +(.*)\n  environment +(.*)$", output, re.MULTILINE)
    return {f"{index} {file}": environment for index, file, environment in matches}


TESTPYPI_BY_HAND = """\
on: {push: {branches: [main]}}
jobs:
  test:
    environment: staging
    permissions: {id-token: write}
    steps: [{run: twine upload --repository testpypi dist/*}]
"""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (("environment: pypi", "environment: production"), {"PyPI release.yml": "production"}),
        (("environment: pypi", "name: Publish"), {"PyPI release.yml": "none"}),
        (
            ("environment: pypi", "environment: ${{ inputs.target || 'pypi' }}"),
            {"PyPI release.yml": "unknown: ${{ inputs.target || 'pypi' }}"},
        ),
    ],
)
def test_publisher_of_a_workflow_that_was_written_by_hand_is_what_it_says(
    repo: ReleaseRepo, changed: tuple[str, str], expected: dict[str, str]
) -> None:
    """No classifier names a Python, which the generated workflows need."""
    pyproject = re.sub(r'"Programming Language :: Python :: 3\.\d+",?', "", repo.read("pyproject.toml"))
    tester = {".github/workflows/test.yml": TESTPYPI_BY_HAND}
    repo.project.write({"pyproject.toml": pyproject, RELEASE: BY_HAND.replace(*changed), **tester})
    ran = repo.project.invoke("trusted-publisher")
    assert (ran.returncode, sections(ran.output)) == (0, {**expected, "TestPyPI test.yml": "staging"})
    assert "environment staging: deployments from the branch main only" in ran.output
    assert "${" not in ran.output.partition("form ")[2].partition("\n")[0]


def test_workflow_that_was_written_by_hand_is_not_started_to_prove_the_publisher(repo: ReleaseRepo) -> None:
    """It would publish."""
    repo.project.write({RELEASE: BY_HAND.replace("on: {", "on: {workflow_dispatch: , ")})
    message = refused(repo.project.invoke("workflows", "--prove"))
    assert message.startswith("seatrial: no workflow of this project can be started to test the publisher\n")


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


@pytest.mark.skipif(sys.platform == "win32", reason="a script of sh replaces gh")
def test_gh_reads_the_settings_and_starts_the_test_of_the_publisher(repo: ReleaseRepo, tmp_path: Path) -> None:
    repo.project.invoke("workflows")
    program = tmp_path / "bin/gh"
    program.parent.mkdir()
    program.write_text(GH)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{repo.project.environ['PATH']}"
    assert repo.project.invoke("trusted-publisher", PATH=path).output.endswith(
        "  environment pypi: deployments from tags v* only, with a reviewer; it has both; check which refs it allows\n"
        "  environment testpypi: deployments from the branch main only, with a reviewer; "
        "it has no reviewer and deployments from every ref\n"
        "  rule for the tags v*: only maintainers create them, moving and deleting is forbidden; "
        "no rule for tags exists\n"
    )
    page = "https://github.com/acme/tidepool/actions/workflows/release.yml\n"
    output = repo.project.invoke("workflows", "--prove", PATH=path).output
    assert output.startswith(f"gh workflow run release.yml --repo acme/tidepool --ref main\n{page}")
    assert repo.project.invoke("workflows", "--prove").output.startswith(page)
