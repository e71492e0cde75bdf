"""``invoke status`` names the true state between push and index, and the command that comes next."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from errors_raised import rendered
from index_server import READ, SDIST, WHEEL, IndexServer, yank
from one_page_index import serve_page
from preflight_in_process import enter
from rehearsal_projects import WORKFLOW
from seatrial.distributions.cache import existing_files
from seatrial.git.repository import files_of_commit, read_repository, read_tags
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.publish.status import read_status

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject


pytestmark = pytest.mark.slow

GH = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import json, pathlib, sys
wanted = ["run", "list", "--repo", "acme/tidepool", "--branch", "v1.3.0", "--limit", "50", "--json"]
if sys.argv[1:-1] != wanted:
    sys.exit(f"unknown command {{sys.argv[1:]}}")
runs = json.loads(pathlib.Path(__file__).with_name("runs.json").read_text())
print(json.dumps([{{name: run[name] for name in sys.argv[-1].split(",")}} for run in runs]))
"""
RUN = "https://github.com/acme/tidepool/actions/runs/7"
STARTS_NOTHING = "a tag that a workflow pushes with its own GITHUB_TOKEN starts nothing"


def with_gh(server: IndexServer, *states: tuple[str, str]) -> dict[str, str]:
    """Put a gh on PATH that lists these runs (status and conclusion); return the environment that finds it."""
    commit = server.repo.project.git("rev-parse", "HEAD").strip()
    folder = server.repo.project.root.parent / "bin"
    folder.mkdir()
    (folder / "gh").write_text(GH.format(python=sys.executable))
    (folder / "gh").chmod(0o755)
    runs = [
        {
            "databaseId": 7,
            "workflowName": "Release",
            "headSha": commit,
            "event": "push",
            "status": status,
            "conclusion": conclusion,
            "url": RUN,
        }
        for status, conclusion in states
    ]
    (folder / "runs.json").write_text(json.dumps([*runs, *({**run, "headSha": "0" * 40} for run in runs)]))
    return {"PATH": os.pathsep.join([str(folder), server.repo.project.environ["PATH"]])}


def on_forge(server: IndexServer, workflow: str = WORKFLOW) -> None:
    """Let the project be of a forge, published by a workflow to this index."""
    text = server.repo.read("pyproject.toml").replace("http://127.0.0.1:9/simple/", server.network.simple_url)
    urls = '\n[project.urls]\nRepository = "https://github.com/acme/tidepool"\n'
    server.repo.project.write({"pyproject.toml": text + urls, ".github/workflows/release.yml": workflow})


def about_release(text: str) -> list[str]:
    """Return the lines of a status about the last release, and those after them."""
    lines = text.splitlines()
    return lines[next(number for number, line in enumerate(lines) if line.startswith("release ")) :]


@dataclass(frozen=True)
class Case:
    """What CI did, what the index has, and the output of status."""

    runs: tuple[tuple[str, str], ...] | None
    uploaded: tuple[str, ...]
    state: str
    ci: str
    next: str
    workflow: str = WORKFLOW


FOLLOWS = "nothing: no commit and no note since v1.3.0"
PUBLISH = "invoke publish --version 1.3.0"
VERIFY = "invoke verify --version 1.3.0"
CASES = {
    "never started": Case(
        (), (), "not published: ", f"never started, although release.yml listens to v1.3.0: {STARTS_NOTHING}", PUBLISH
    ),
    "never started but can be": Case(
        (),
        (),
        "not published: ",
        f"never started, although release.yml listens to v1.3.0: {STARTS_NOTHING}",
        "gh workflow run release.yml --ref v1.3.0 --repo acme/tidepool",
        WORKFLOW.replace("on:\n", "on:\n  workflow_dispatch:\n"),
    ),
    "tag filter does not match": Case(
        (),
        (),
        "not published: ",
        "never started: release.yml does not listen to v1.3.0",
        PUBLISH,
        WORKFLOW.replace("v*", "r*"),
    ),
    "failed": Case(
        (("completed", "failure"),),
        (),
        "not published: ",
        f"Release: failure, {RUN}",
        "gh run rerun 7 --failed --repo acme/tidepool",
    ),
    "failed half-way": Case(
        (("completed", "cancelled"),),
        (WHEEL,),
        "partly published: 1 of 2 files, ",
        f"Release: cancelled, {RUN}",
        "gh run rerun 7 --failed --repo acme/tidepool",
    ),
    "under way": Case((("in_progress", ""),), (), "not published: ", f"Release: in progress, {RUN}", VERIFY),
    "published": Case(
        (("completed", "success"),),
        (SDIST, WHEEL),
        "published, byte for byte: ",
        f"Release: success, {RUN}",
        FOLLOWS,
    ),
    "unknown": Case(None, (WHEEL,), "partly published: 1 of 2 files, ", "", VERIFY),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.selection] if case == "failed half-way" else []) for case in CASES]
)
def test_status_reports_ci_and_index_and_the_next_command(server: IndexServer, case: str) -> None:
    expected = CASES[case]
    server.store_file(*expected.uploaded)
    environ = with_gh(server, *expected.runs) if expected.runs is not None else {}
    on_forge(server, expected.workflow)
    output = server.plain(server.invoke("status", **environ).output)
    ci = [f"CI         {expected.ci}"] if expected.ci else []
    release = f"release    v1.3.0 is {expected.state}http://index/simple/"
    assert about_release(output) == [release, *ci, f"next       {expected.next}"]


def test_gh_that_fails_is_reported(server: IndexServer) -> None:
    on_forge(server)
    environ = with_gh(server)
    gh = server.repo.project.root.parent / "bin/gh"
    gh.write_text("#!/bin/sh\necho 'To get started, please run: gh auth login' >&2\nexit 4\n")
    assert about_release(server.plain(server.invoke("status", **environ).output)) == [
        "release    v1.3.0 is not published: http://index/simple/",
        "CI         unknown, because gh does not answer: gh auth status",
        f"next       {VERIFY}",
    ]


def test_status_reports_different_and_yanked_files(server: IndexServer) -> None:
    on_forge(server)
    server.store_file(SDIST, WHEEL)
    yank(server)
    assert about_release(server.plain(server.invoke("status").output)) == [
        "release    v1.3.0 is yanked: http://index/simple/",
        "next       invoke undo 1.3.0",
    ]
    server.store_file(WHEEL)
    server.store_file(SDIST, extra=b"\0")
    assert about_release(server.plain(server.invoke("status").output)) == [
        "release    v1.3.0 is published with other bytes, not compared: http://index/simple/",
        "next       invoke verify --version 1.3.0",
    ]


def test_status_builds_nothing_to_compare_with(server: IndexServer, tmp_path: Path) -> None:
    on_forge(server)
    server.store_file(SDIST, WHEEL)
    server.manifest.rename(tmp_path / "manifest")
    assert about_release(server.invoke("status").output) == [
        f"release    v1.3.0 is there, not compared (invoke verify --version 1.3.0): {server.network.simple_url}",
        f"next       {FOLLOWS}",
    ]


def test_status_does_not_wait_for_a_slow_index(server: IndexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer after half a minute would be that the release is not there."""
    page = json.dumps({"meta": {"api-version": "1.1"}, "name": "tidepool", "files": []}).encode()
    with serve_page(page, drops=300) as url:
        pyproject = server.repo.read("pyproject.toml").replace("http://127.0.0.1:9/simple/", url)
        server.repo.project.write({"pyproject.toml": pyproject})
        enter(server.repo.project, monkeypatch)
        repository = read_repository(server.repo.project.root)
        snapshot = ProjectSnapshot.of(
            server.repo.project.root, existing_files(server.repo.project.root), read_tags(repository)
        )
        status = read_status(repository, snapshot, os.environ, patience=0.5)
    assert about_release(rendered(status)) == [
        f"release    v1.3.0, unknown to the index: {url} does not answer within 0.5 seconds",
        f"next       {FOLLOWS}",
    ]


def test_fragment_that_git_ignores_is_reported(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.git("init", "-q", "-b", "main")
    towncrier = '[tool.towncrier]\ndirectory = "news"\n'
    names = ("news/1.feature.rst", "news/2.feature.rst", "news/3.feature.rst")
    project.write({"pyproject.toml": f'[project]\nname = "tidepool"\nversion = "1.2.3"\n{towncrier}', names[0]: "a\n"})
    project.commit()
    project.write({".gitignore": "2.*\n", names[1]: "b\n", names[2]: "c\n"})
    enter(project, monkeypatch)
    repository = read_repository(project.root)
    snapshot = ProjectSnapshot.of(project.root, files_of_commit(repository), ())
    status = read_status(repository, snapshot, {})
    assert (status.fragments, status.ignored) == (1, (names[1],))
    assert f"ignored    by git, so not in a release: {names[1]}" in str(status).splitlines()
    assert status.as_dict()["ignored_fragments"] == [names[1]]


def test_tag_that_was_not_pushed_is_reported(server: IndexServer) -> None:
    server.repo.remote.git("tag", "-d", "v1.3.0")
    assert about_release(server.invoke("status").output) == [
        "release    v1.3.0 is not on origin",
        "next       invoke push",
    ]


def test_tags_that_were_not_fetched_are_no_missing_release(server: IndexServer) -> None:
    server.repo.project.git("tag", "-d", "v1.3.0")
    status = server.invoke("status").output.splitlines()
    assert status[0] == "tidepool 1.3.0, 3 commits, and its tags are not fetched"
    assert (
        status[-1] == f"next       git fetch --tags: origin has the tag v1.3.0, and {server.repo.project.root} does not"
    )


def test_tag_that_differs_on_the_remote_is_fetched_by_the_printed_command(
    server: IndexServer,
) -> None:
    server.store_file(SDIST, WHEEL)
    project = server.repo.project
    true = project.git("rev-parse", "v1.3.0")
    project.git("tag", "--force", "-a", "-m", "moved", "v1.3.0", "HEAD")
    fix = "git fetch --force origin refs/tags/v1.3.0:refs/tags/v1.3.0"
    assert about_release(server.invoke("status").output) == [
        "release    v1.3.0 is another tag here than on origin",
        f"next       {fix}",
    ]
    message = f"seatrial: v1.3.0 is another one here than on origin\nfix:  {fix}\n{READ}TagMoved\n"
    assert (server.verify().message, server.publish("--yes").message) == (message, message)
    project.run(*fix.split())
    assert (project.git("rev-parse", "v1.3.0"), server.verify().returncode) == (true, 0)


def test_verify_ends_at_once_when_ci_has_failed(server: IndexServer) -> None:
    on_forge(server)
    ran = server.invoke("verify", **with_gh(server, ("completed", "failure")))
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        f"  CI: Release: failure, {RUN}\n"
        "seatrial: tidepool 1.3.0 is not published on http://index/simple/:\n"
        f"  {SDIST}  missing\n"
        f"  {WHEEL}  missing\n"
        f"  CI: Release: failure, {RUN}\n"
        "fix:  gh run rerun 7 --failed --repo acme/tidepool\n"
        "more: seatrial explain RunFailed\n"
    )
