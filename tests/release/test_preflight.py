"""A preflight reports all problems at once, and changes nothing."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from twine.utils import DEFAULT_REPOSITORY

import broken_states
import sample_dists
from git_server import nobody_is_allowed, serve_remote
from index_client import PUBLISHER
from one_page_index import serve_page
from preflight_in_process import enter, findings
from rehearsal_projects import WORKFLOW, forge_project
from release_repo import SETTINGS, made_once, scratch_clones
from sample_project import HERE, lines, normalised
from seatrial.findings import Verdict
from seatrial.rehearsal.index_server import describe_upload
from seatrial.rehearsal.network import open_network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_repo import ReleaseRepo
    from sample_project import RunResult
    from seatrial.rehearsal.network import LocalNetwork


pytestmark = pytest.mark.slow

EXPECTED = Path(__file__).resolve().parents[1] / "expected"
HOST = DEFAULT_REPOSITORY.split("/")[2].partition(".")[2]
URLS = '\n[project.urls]\nRepository = "https://github.com/acme/tidepool"\n'


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Make a project to which nothing is to say: with a workflow, a URL, and all of it pushed."""
    return made_once("healthy-project", make).copy(tmp_path / "port")


def make(folder: Path) -> None:
    made = forge_project(folder, "hatchling")
    made.project.git("remote", "set-url", "origin", "../remote.git")
    edit(made, "\n[dependency-groups]", f"{URLS}\n[dependency-groups]")
    edit(made, 'requires-python = ">=3.9"', f'requires-python = ">={HERE}"')
    edit(made, '  "Programming', '  "Typing :: Typed",\n  "Programming')
    made.project.git("push", "-q")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[LocalNetwork]:
    with open_network(tmp_path / "index", PUBLISHER, "tidepool") as made:
        yield made


def edit(repo: ReleaseRepo, old: str, new: str) -> None:
    text = repo.read("pyproject.toml")
    assert old in text
    repo.project.write({"pyproject.toml": text.replace(old, new)})
    repo.project.git("commit", "-qam", "Edit", "--allow-empty")


def ask(repo: ReleaseRepo, network: LocalNetwork) -> None:
    """Have the project ask the index on this machine."""
    edit(repo, SETTINGS, f'\n[tool.seatrial]\nindex = "{network.simple_url}"\n')


def preflight(repo: ReleaseRepo, *args: str, **environ: str) -> RunResult:
    """Run a preflight, and see that nothing has changed."""
    before = repo.state()
    ran = repo.project.invoke("preflight", *args, **environ)
    assert repo.state() == before
    assert scratch_clones(repo) == []
    assert not ran.was_a_traceback
    return ran


def report_of(ran: RunResult) -> str:
    """Return the report, without the steps before it."""
    report = ran.output.partition("\n\n")[2]
    report = re.sub(r"HEAD is at \w+", "HEAD is at …", report)
    report = re.sub(r"\S+/tidepool/pyproject", "tidepool/pyproject", report)
    # The index answers under a token of its own.
    return re.sub(r"127\.0\.0\.1:\d+(/[\w-]{43})?", "index", normalised(report))


def judged(ran: RunResult) -> dict[str, Any]:
    """Return the result of each check from the JSON; of several files, what failed."""
    rows: dict[str, Any] = {}
    for row in json.loads(ran.output[ran.output.index("[\n") : ran.output.rindex("]") + 1]):
        if row["code"] not in rows or row["verdict"] == "failed":
            rows[row["code"]] = row
    return rows


def failed(ran: RunResult) -> dict[str, str]:
    return {code: row["message"] for code, row in judged(ran).items() if row["verdict"] == "failed"}


def expect(name: str, text: str, pytestconfig: pytest.Config) -> None:
    """Compare a text with a file, or write it with --refresh; what depends on the machine is left out."""
    text = re.sub(r"  \d+ checks?\b", "  N checks", text).replace(HERE, "3.X")
    path = EXPECTED / name
    if pytestconfig.getoption("--refresh"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


WORKFLOW_OF_MISTAKES = """\
on:
  push:
    tags: ["[0-9]*"]
  pull_request_target:
jobs:
  build:
    runs-on: ubuntu-24.04
    steps:
      - run: nox -s build chekc
      - run: twine upload --repository-url {address} dist/*
  publish:
    needs: build
    runs-on: ubuntu-24.04
    steps:
      - uses: pypa/gh-action-pypi-publish@v1
"""
WORKFLOW_WITH_A_PASSWORD = WORKFLOW.replace(
    "      - uses: pypa/gh-action-pypi-publish@v1\n",
    "      - uses: pypa/gh-action-pypi-publish@v1\n        with:\n          password: ${{ secrets.PYPI }}\n",
)
OF_ANOTHER = '\n[tool.seatrial.publisher]\nworkflow = "Release.yml"\nenvironment = "pypi"\n'


def page(*files: tuple[str, str, int], **fields: object) -> dict[str, object]:
    """Return the page of an index for new files: each has a version, the end of its name, and a size."""
    now = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
    same = {"url": "", "hashes": {"sha256": "ab"}, "upload-time": now}
    index_file = [{**same, "filename": f"tidepool-{version}{kind}", "size": size} for version, kind, size in files]
    return {"meta": {"api-version": "1.4"}, "name": "tidepool", "files": index_file, **fields}


def make_every_mistake_in_the_workflow(repo: ReleaseRepo) -> dict[str, object] | None:
    """Give it a name of the standard library too, which no index has."""
    edit(repo, 'name = "tidepool"', 'name = "antigravity"')
    edit(
        repo,
        SETTINGS,
        f'\n[tool.hatch.build.targets.wheel]\npackages = ["src/tidepool"]\n{SETTINGS}{OF_ANOTHER}',
    )
    address = DEFAULT_REPOSITORY.rstrip("/")
    repo.project.write({".github/workflows/release.yml": WORKFLOW_OF_MISTAKES.format(address=address)})
    return None


def publish_twice_with_a_password_to_a_full_index(repo: ReleaseRepo) -> dict[str, object] | None:
    repo.project.write(
        {
            ".github/workflows/release.yml": WORKFLOW_WITH_A_PASSWORD,
            ".github/workflows/upload.yml": WORKFLOW,
            "src/tidepool/table.csv": "".join(f"{hash_of(number)}\n" for number in range(40000)),
        }
    )
    repo.project.git("tag", "v1.2.3")
    repo.project.git("push", "-q", "../remote.git", "v1.2.3")
    return page(("1.2.2", ".tar.gz", 10 << 30), ("1.2.3", ".tar.gz", 2000), ("1.2.3", "-py3-none-any.whl", 2000))


def wait_for_a_release_of_somebody_elses_archived_project(repo: ReleaseRepo) -> dict[str, object] | None:
    waiting = WORKFLOW.replace('push:\n    tags: ["v*"]', "release:\n    types: [published]")
    repo.project.write({".github/workflows/release.yml": waiting})
    return page(("1.3.0", ".zip", 2000), **{"project-status": {"status": "archived"}})


def hash_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@pytest.mark.parametrize(
    "state",
    [
        make_every_mistake_in_the_workflow,
        publish_twice_with_a_password_to_a_full_index,
        wait_for_a_release_of_somebody_elses_archived_project,
    ],
)
def test_what_stands_in_the_way_on_the_forge_and_on_the_index_is_found(
    repo: ReleaseRepo, pytestconfig: pytest.Config, state: Callable[[ReleaseRepo], dict[str, object] | None]
) -> None:
    """The rows of what can go wrong with an upload, each in a real repository with an index that answers so."""
    page_state = state(repo)
    repo.project.commit("Change")
    status = 200 if page_state else 404
    with serve_page(json.dumps(page_state).encode(), status=status) as url:
        edit(repo, SETTINGS, f'\n[tool.seatrial]\nindex = "{url}"\n')
        repo.project.git("push", "-q")
        ran = preflight(repo, "--part", "minor", "--json")
    failures = [row for row in judged(ran).values() if row["verdict"] == "failed"]
    lines = [f"{row['code']} {row['severity']}\n{row['message']}\nfix: {row['fix']}\n" for row in failures]
    text = re.sub(r"127\.0\.0\.1:\d+", "index", "\n".join(lines)).replace(HOST, "{host}")
    expect(f"preflight_{state.__name__}.txt", re.sub(r"\d[\d,]+ bytes", "N bytes", text), pytestconfig)


@pytest.mark.selection
def test_healthy_release_passes_every_check(repo: ReleaseRepo, network: LocalNetwork) -> None:
    ask(repo, network)
    repo.project.git("push", "-q")
    ran = preflight(repo, "--part", "minor")
    assert ran.returncode == 0, ran.output
    assert re.sub(r"\d+ checks", "N checks", report_of(ran)) == lines(
        """
        tidepool 1.3.0, tag v1.3.0

        on the tag v1.3.0:
          release.yml starts
            build runs
            publish runs after build, uploads dist/ to PyPI as publisher (acme, tidepool, release.yml, environment \
pypi); attestations: yes
        the tag publishes to PyPI

        ✓ the repository and its remote  N checks
        ✓ the project and its next version  N checks
        ✓ the distributions  N checks
        ✓ the workflows, and what the tag starts  N checks
        ✓ the index  N checks
        """
    )


@pytest.mark.parametrize(("builder", "is_noted"), [("python -m build", True), ("nox -s build check", False)])
def test_ci_that_builds_without_a_session_is_noted(
    repo: ReleaseRepo, network: LocalNetwork, builder: str, *, is_noted: bool
) -> None:
    """The note needs a preflight that comes as far as its checks."""
    ask(repo, network)
    repo.project.write({".github/workflows/release.yml": WORKFLOW.replace("nox -s build check", builder)})
    repo.project.commit("Publish")
    repo.project.git("push", "-q")
    ran = preflight(repo, "--part", "minor")
    note = (
        "! release.yml builds without nox -s build, with which the files would be identical; after the release they "
        "are compared by content\n"
    )
    assert (note in ran.output) is is_noted, ran.output


@pytest.mark.selection
def test_all_problems_are_reported_at_once(repo: ReleaseRepo, pytestconfig: pytest.Config) -> None:
    broken_states.detach(repo)
    edit(repo, 'readme = "README.md"', 'readme = "README.md"\nlicence = "MIT"')
    broken_states.take_the_marker_away(repo)
    edit(repo, '  "Programming Language', '  "Private :: Do Not Upload",\n  "Programming Language')
    repo.project.write({"notes.txt": "mine\n"})
    ran = preflight(repo, "--version", "1.2.0")
    assert ran.returncode == 5
    expect("preflight_all.txt", report_of(ran), pytestconfig)


def test_index_with_another_sdist_of_the_version_is_reported(
    repo: ReleaseRepo, network: LocalNetwork, tmp_path: Path
) -> None:
    ask(repo, network)
    for archive in (sample_dists.sdist(version="1.3.0"), sample_dists.sdist(version="1.2.3")):
        path = tmp_path / archive.name
        path.write_bytes(archive.data())
        old = describe_upload(archive.distribution(), datetime(2024, 2, 29, tzinfo=timezone.utc))
        network.index.store.put(path, "tidepool", old)
    failures = failed(preflight(repo, "--part", "minor", "--json"))
    assert failures.keys() == {"GIT017", "INDEX003", "INDEX005", "INDEX006", "INDEX011", "INDEX012"}
    assert failures["INDEX006"] == "Only one sdist may be uploaded per release."


def test_release_is_refused_for_what_a_preflight_calls_an_error(
    repo: ReleaseRepo, network: LocalNetwork, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    ask(repo, network)
    archive = sample_dists.wheel(version="1.3.0")
    path = tmp_path / archive.name
    path.write_bytes(archive.data())
    network.index.store.put(path, "tidepool", describe_upload(archive.distribution(), datetime.now(timezone.utc)))
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before)
    message = normalised(ran.message).replace(network.home_url, "http://index/")
    expect("preflight_release.txt", message, pytestconfig)


def test_unreproducible_build_and_incomplete_sdist_are_reported(repo: ReleaseRepo) -> None:
    repo.project.write(
        {
            "hatch_build.py": lines(
                """
                import pathlib
                import time

                from hatchling.builders.hooks.plugin.interface import BuildHookInterface


                class Stamp(BuildHookInterface):
                    def initialize(self, version, build_data):
                        if self.target_name == "sdist":
                            path = pathlib.Path(self.root, "stamp.txt")
                            path.write_text(str(time.time_ns()))
                            build_data["artifacts"].append("/stamp.txt")
                """
            ),
            "src/tidepool/table.json": "{}\n",
            ".gitignore": "stamp.txt\n",
        }
    )
    hook = '\n[tool.hatch.build.hooks.custom]\n\n[tool.hatch.build.targets.sdist]\nexclude = ["table.json"]\n'
    edit(repo, SETTINGS, f"{hook}{SETTINGS}")
    repo.project.commit("Add a hook")
    repo.project.git("push", "-q")
    failures = failed(preflight(repo, "--json"))
    assert failures == {
        "DIST405": "stamp.txt",
        "DIST406": "src/tidepool/table.json",
        "DIST407": "tidepool/table.json is not in tidepool-1.3.0-py3-none-any.whl",
        "DIST412": "tidepool-1.3.0.tar.gz: tidepool-1.3.0/stamp.txt",
    }


PIPELINE = "publish:\n  script: [twine upload dist/*]\n  rules: [if: $CI_COMMIT_TAG]\n"


READ_PIPELINES = (
    (PIPELINE, Verdict.PASSED, None),
    (
        PIPELINE.replace("TAG", "BRANCH"),
        Verdict.FAILED,
        "v1.3.0 does not start the job publish of .gitlab-ci.yml, as the rules say, so nothing would be published",
    ),
    (
        f"{PIPELINE}workflow: {{rules: [if: $CI_COMMIT_TAG =~ /^release-/]}}\n",
        Verdict.FAILED,
        "v1.3.0 does not start a pipeline of .gitlab-ci.yml, as the rules say, so nothing would be published",
    ),
    (
        f"{PIPELINE}  needs: [build]\n",
        Verdict.FAILED,
        "the job publish of .gitlab-ci.yml needs build, which is not in the file",
    ),
    (
        f"include: [remote: 'https://example.invalid/ci.yml']\n{PIPELINE}",
        Verdict.UNKNOWN,
        ".gitlab-ci.yml has rules that only GitLab can evaluate, or includes other files",
    ),
    (
        PIPELINE.replace("if: $CI_COMMIT_TAG", "if: $CI_COMMIT_TAG && $DEPLOY"),
        Verdict.UNKNOWN,
        ".gitlab-ci.yml has rules that only GitLab can evaluate, or includes other files",
    ),
    (
        "publish: [twine upload",
        Verdict.FAILED,
        ".gitlab-ci.yml: line 1: expected ',' or ']', but got '<stream end>'",
    ),
)


def test_pipeline_of_gitlab_that_does_not_hear_the_tag_is_found(
    repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read from the commit that the release would be of, in a real repository."""
    (repo.project.root / ".github/workflows/release.yml").unlink()
    enter(repo.project, monkeypatch)
    for pipeline, verdict, text in READ_PIPELINES:
        repo.project.write({".gitlab-ci.yml": pipeline})
        repo.project.commit("Publish from GitLab")
        finding = findings(repo.project, "--part minor")["CI002"]
        assert (finding.verdict, finding.message) == (verdict, text)


def test_remote_that_refuses_pushes_is_reported(repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a real git says so, asked by a real push of a forge that wants a password."""
    enter(repo.project, monkeypatch)
    monkeypatch.setenv("GIT_ASKPASS", "")
    with serve_remote(repo.remote.root, nobody_is_allowed) as address:
        repo.project.git("remote", "set-url", "origin", address)
        finding = findings(repo.project, "--part minor")["GIT009"]
    assert re.sub(r"127\.0\.0\.1:\d+", "forge", finding.message or "") == (
        "origin does not let you push:\n  fatal: could not read Username for 'http://forge': terminal prompts disabled"
    )
    assert finding.fix == "log in: git push --dry-run asks for it"


def test_ci_job_shows_annotations_and_a_summary(repo: ReleaseRepo, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    broken_states.use_up_the_fragments(repo)
    summary = tmp_path / "summary.md"
    ran = preflight(repo, "--part", "patch", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    commands = [line for line in ran.output.splitlines() if line.startswith("::")]
    assert ran.returncode == 5
    expect("preflight_commands.txt", "\n".join(commands), pytestconfig)
    expect("preflight_summary.md", summary.read_text(), pytestconfig)


def test_ignore_takes_the_force_out_of_an_error_and_is_shown(repo: ReleaseRepo, pytestconfig: pytest.Config) -> None:
    broken_states.use_up_the_fragments(repo)
    edit(repo, SETTINGS, f'{SETTINGS}\n[tool.seatrial.ignore]\nMETA005 = "nothing to tell"\nGIT017 = "a test"\n')
    ran = preflight(repo, "--part", "patch")
    assert ran.returncode == 0
    expect("preflight_ignored.txt", report_of(ran), pytestconfig)


def test_ignore_of_a_check_that_there_is_none_of_is_an_error(repo: ReleaseRepo) -> None:
    edit(repo, SETTINGS, f'{SETTINGS}\n[tool.seatrial.ignore]\nMETA999 = "why not"\n')
    assert failed(preflight(repo, "--json")) == {
        "META001": "[tool.seatrial.ignore]: unknown check META999",
        "GIT017": "1 commit is not on the remote yet",
    }


def test_folder_without_a_project_is_reported_in_the_same_way(repo: ReleaseRepo, pytestconfig: pytest.Config) -> None:
    repo.project.write({"pyproject.toml": "[project\n"})
    repo.project.git("commit", "-qam", "Break")
    ran = preflight(repo)
    assert ran.returncode == 5
    expect("preflight_broken.txt", report_of(ran), pytestconfig)
