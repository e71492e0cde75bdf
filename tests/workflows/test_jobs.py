"""The jobs of a release are run as they stand in the workflow, and end right after every kind of half-failed run."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from compiled_package import write_compiled_package
from forge_merges import RecordedGh, by_squash, merge
from github_actions import GithubActions
from index_client import PUBLISHER
from index_faults import InjectedFaults, index_with, set_faults
from release_repo import SETTINGS, ReleaseRepo, made_once, make_release_repo
from sample_project import BUILD_SYSTEMS, HERE, PYPROJECT, RunResult
from seatrial.pythons import find_interpreters
from seatrial.rehearsal.network import open_network
from seatrial.rehearsal.oidc import CiIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.rehearsal.network import LocalNetwork


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="a script replaces gh"),
]

OTHER = [
    interpreter.version
    for interpreter in find_interpreters(("3.13", "3.12", "3.9"), os.environ)
    if interpreter.version != HERE
][:1]
NOTES = "### Features\n\n- Tides rise. (#1)\n\n### Bugfixes\n\n- Tides fall.\n\n"


FILES = ["tidepool-1.3.0-py3-none-any.whl", "tidepool-1.3.0.tar.gz"]


def project(folder: Path, *, is_compiled: bool = False) -> ReleaseRepo:
    """Make a project that is ready to be released, on GitHub according to its files."""
    repo = make_release_repo(folder, "setuptools" if is_compiled else "uv_build")
    (repo.project.root / ".github").mkdir()
    if is_compiled:
        repo.project.write(write_compiled_package())
        lines = "".join(f'  "Programming Language :: Python :: {version}",\n' for version in OTHER)
        repo.project.write(
            {"pyproject.toml": repo.read("pyproject.toml").replace("classifiers = [\n", f"classifiers = [\n{lines}")}
        )
    return repo


def released(repo: ReleaseRepo, folder: Path, *options: str, **where: str) -> GithubActions:
    """Have the workflows generated, release, and return the run that the tag starts."""
    ran = repo.project.seatrial("workflows", *options)
    assert ran.returncode == 0, ran.output
    repo.project.commit("Have the workflows generated")
    repo.project.git("push", "-q")
    ran = repo.project.seatrial("release", "--no-tests", "--part", "minor", "--yes", *options)
    assert ran.returncode == 0, ran.output
    name, tag = where.get("name", "release.yml"), where.get("tag", "v1.3.0")
    return GithubActions(repo, name, tag, folder)


def went_well(run: GithubActions, name: str, *rows: dict[str, str]) -> str:
    """Run a job, each row of its matrix, and return its output."""
    output = ""
    for row in rows or ({},):
        ran = run.run(name, row)
        assert ran.returncode == 0, ran.output
        output += ran.output
    return output


def held(network: LocalNetwork) -> list[str]:
    return sorted(entry.index_file.name for entry in network.index.store.files("tidepool"))


def prepare(folder: Path) -> None:
    """Have all jobs run that come before the upload, and keep what they hand on."""
    run = replace(released(project(folder), folder / "forge"), folder=folder / "run")
    went_well(run, "plan")
    went_well(run, "build")
    went_well(run, "test", *run.rows())
    (folder / "outputs.json").write_text(json.dumps(run.outputs))
    for path in (folder / "forge", *(folder / "run").iterdir()):
        if path.name != "artifacts":
            shutil.rmtree(path)


@contextlib.contextmanager
def ready(folder: Path) -> Iterator[tuple[GithubActions, LocalNetwork]]:
    """Yield a run of which all is over that comes before the upload, and the index."""
    repo = made_once("jobs-before-the-upload", prepare).copy(folder)
    outputs = json.loads((folder / "outputs.json").read_text())
    # What comes later is numbered on.
    run = GithubActions(repo, "release.yml", "v1.3.0", folder / "run", outputs=outputs, _count=itertools.count(100))
    with open_network(folder / "index", PUBLISHER, "tidepool", make_index=index_with()) as network:
        yield replace(run, network=network, identity=CiIdentity(PUBLISHER, run.tag, run.commit)), network


def all_is_there(run: GithubActions, network: LocalNetwork, notes: str = NOTES) -> None:
    """See that the index and the release on the forge have both files, of the bytes that were built."""
    assert held(network) == FILES
    index_file = {entry.index_file.name: entry.index_file.sha256 for entry in network.index.store.files("tidepool")}
    assert run.outputs["build"]["built"].split() == [run.commit, *(index_file[name] for name in reversed(FILES))]
    release = run.released()
    assert (release.pop(".notes"), release.pop(".state")) == (notes, "false")
    assert {name: hashlib.sha256(bytes.fromhex(data)).hexdigest() for name, data in release.items()} == index_file


def test_upload_that_stopped_after_the_first_file_is_finished_by_the_same_job(tmp_path: Path) -> None:
    with ready(tmp_path) as (run, network):
        set_faults(network, InjectedFaults(cut_after=1))
        ran = run.run("pypi")
        assert (ran.returncode, held(network)) == (1, FILES[:1]), ran.output
        set_faults(network, InjectedFaults())
        went_well(run, "pypi")
        went_well(run, "release")
        all_is_there(run, network)


def test_jobs_that_are_run_again_change_nothing(tmp_path: Path) -> None:
    with ready(tmp_path) as (run, network):
        went_well(run, "pypi")
        went_well(run, "release")
        all_is_there(run, network)
        before = run.outputs["build"]
        went_well(run, "release")
        # To run one job again is to run those again, too, that come after it.
        went_well(run, "build")
        assert (run.outputs["build"]["built"], run.outputs["build"] == before) == (before["built"], False)
        went_well(run, "test", *run.rows())
        went_well(run, "pypi")
        went_well(run, "release")
        all_is_there(run, network)


def test_release_on_the_forge_that_stopped_half_way_is_made_anew(tmp_path: Path) -> None:
    with ready(tmp_path) as (run, network):
        went_well(run, "pypi")
        ran = run.run("release", GH_FAILS="1")
        assert (ran.returncode, run.released()[".state"]) == (1, "true"), ran.output
        went_well(run, "release")
        all_is_there(run, network)


def test_release_on_the_forge_that_somebody_made_keeps_its_notes_and_gets_the_files_that_it_lacks(
    tmp_path: Path,
) -> None:
    with ready(tmp_path) as (run, network):
        went_well(run, "pypi")
        made = run.folder / "releases" / run.tag
        made.mkdir(parents=True)
        for name, text in ((".notes", "Mine.\n"), (".state", "false")):
            (made / name).write_text(text)
        shutil.copy(network.index.store.path("tidepool", FILES[0]), made)
        went_well(run, "release")
        all_is_there(run, network, "Mine.\n")


def test_tag_that_has_moved_publishes_and_releases_nothing_of_the_commit_where_it_was(tmp_path: Path) -> None:
    with ready(tmp_path) as (run, network):
        moved = run.repo.remote.git("rev-parse", f"{run.commit}^").strip()
        run.repo.remote.git("tag", "-f", run.tag, moved)
        for job in ("pypi", "release"):
            ran = run.run(job)
            assert ran == RunResult(
                1, f"::error::{run.tag} is at {moved} by now, and these files are of {run.commit}\n"
            )
        assert (held(network), (run.folder / "releases").exists()) == ([], False)
        run.repo.remote.git("tag", "-f", run.tag, run.commit)
        went_well(run, "pypi")
        went_well(run, "release")
        all_is_there(run, network)


def test_merge_is_tagged_after_its_build_and_published_in_the_same_run(tmp_path: Path) -> None:
    """No fast test can show it: the jobs build, make a tag by the API of a forge, and upload."""
    repo = project(tmp_path)
    text = repo.read("pyproject.toml")
    repo.project.write({"pyproject.toml": f'{text}\n[tool.seatrial.workflows]\ntag = "on-merge"\n'})
    assert repo.project.seatrial("workflows").returncode == 0
    repo.project.commit("Have the merge tagged")
    repo.project.git("push", "-q")
    before = repo.remote.git("rev-parse", "main").strip()
    ran = repo.release("--pull-request", "--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert "next     merge it, then .github/workflows/release.yml tags it\n" in ran.output
    merge(repo, by_squash)
    refused = repo.release("--yes")
    assert refused.message.startswith(
        "seatrial: 1.3.0 was merged and has no tag yet: .github/workflows/release.yml makes it\n"
    ), refused.output
    with open_network(tmp_path / "index", PUBLISHER, "tidepool") as network:
        run = GithubActions(repo, "release.yml", "v1.3.0", tmp_path / "run", network, before=before)
        run.identity = CiIdentity(PUBLISHER, "main", run.commit)
        went_well(run, "plan")
        assert run.outputs["plan"]["tag"] == "v1.3.0"
        went_well(run, "build")
        for lost in ("tags", "refs"):
            assert run.run("tag", GH_FAILS=lost).returncode == 1
            assert repo.remote.git("tag") == ""
        went_well(run, "tag")
        assert repo.remote.git("rev-parse", "v1.3.0^{commit}").strip() == run.commit
        message = repo.remote.git("for-each-ref", "--format=%(contents)", "refs/tags/v1.3.0")
        assert message.startswith("tidepool v1.3.0\n\n### Features\n\n- Tides rise. (#1)\n")
        # A run of which failed jobs are run again finds the tag.
        went_well(run, "tag")
        went_well(run, "pypi")
        went_well(run, "release")
        all_is_there(run, network)
        moved = repo.remote.git("rev-parse", f"{run.commit}^").strip()
        repo.remote.git("tag", "-f", "v1.3.0", moved)
        assert run.run("tag") == RunResult(
            1, f"::error::v1.3.0 is at {moved} already, and these files are of {run.commit}\n"
        )


def test_request_is_opened_by_the_workflow_that_is_started_by_hand(tmp_path: Path) -> None:
    """No fast test can show it: the command of the job prepares, builds and pushes a release."""
    repo = project(tmp_path)
    text = repo.read("pyproject.toml")
    repo.project.write({"pyproject.toml": f"{text}\n[tool.seatrial.workflows]\nprepare = true\n"})
    assert repo.project.seatrial("workflows").returncode == 0
    repo.project.commit("Have releases prepared by hand")
    repo.project.git("push", "-q")
    address = "https://github.com/acme/tidepool.git"
    # The job writes into this file, and must not write into that of the machine.
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "{repo.remote.root}"]\n\tinsteadOf = {address}\n')
    run = GithubActions(repo, "prepare-release.yml", "main", tmp_path / "run", inputs={"part": "auto"}, address=address)
    shutil.rmtree(run.folder / "bin")
    gh = RecordedGh(run.folder / "bin")
    ran = run.run("request", GIT_CONFIG_GLOBAL=str(config))
    assert ran.returncode == 0, ran.output
    assert ran.output.startswith("::notice::No secret RELEASE_TOKEN: the checks of the request run only after ")
    (request,) = gh.requests
    assert [request[key] for key in ("title", "baseRefName", "headRefName")] == [
        "Release 1.3.0",
        "main",
        "release/1.3.0",
    ]
    assert repo.remote.git("for-each-ref", "--format=%(refname:short)").split() == ["main", "release/1.3.0"]
    assert "github-actions[bot]" in config.read_text()


@pytest.mark.skipif(not OTHER, reason="one Python alone is installed")
def test_sdist_of_compiled_code_next_to_another_package_is_verified_published_and_released(tmp_path: Path) -> None:
    repo = next_to_another(project(tmp_path, is_compiled=True))
    where = {"name": "release-tidepool.yml", "tag": "tidepool-v1.3.0"}
    run = released(repo, tmp_path / "forge", "--project", "packages/tidepool", **where)
    publisher = replace(PUBLISHER, workflow=run.name)
    with open_network(tmp_path / "index", publisher, "tidepool") as network:
        run = replace(
            run, network=network, identity=CiIdentity(publisher, run.tag, run.commit), folder=tmp_path / "run"
        )
        went_well(run, "plan")
        rows = run.rows()
        assert sorted(row["session"] for row in rows) == sorted(f"tests-{version}" for version in (HERE, *OTHER))
        went_well(run, "build")
        assert re.fullmatch(rf"{run.commit} [0-9a-f]{{64}}", run.outputs["build"]["built"])
        assert "tidepool-1.3.0.tar.gz" in run.summaries["build"]
        assert ".whl" not in run.summaries["build"]
        output = went_well(run, "test", *rows)
        assert "building the sdist" not in output
        assert [
            output.count(f"building a wheel for Python {version}, from tidepool-1.3.0.tar.gz")
            for version in (HERE, *OTHER)
        ] == [1, 1]
        went_well(run, "pypi")
        assert held(network) == ["tidepool-1.3.0.tar.gz"]
        went_well(run, "release")
        assert {name for name in run.released() if name[0] != "."} == {"tidepool-1.3.0.tar.gz"}
        assert (run.released()[".notes"], run.released()[".state"]) == (NOTES, "false")


def next_to_another(repo: ReleaseRepo) -> ReleaseRepo:
    """Move a project into a folder of its repository, and put another next to it."""
    root = repo.project.root
    names = [path.name for path in root.iterdir() if path.name not in {".git", ".github", ".nox", "dist"}]
    (root / "packages/tidepool").mkdir(parents=True)
    for name in names:
        (root / name).rename(root / "packages/tidepool" / name)
    tags = 'tag = "{name}-v{version}"\n'
    text = repo.read("packages/tidepool/pyproject.toml")
    other = PYPROJECT.format(build_system=BUILD_SYSTEMS["hatchling"], classifiers="").replace("tidepool", "kelp")
    repo.project.write(
        {
            "packages/tidepool/pyproject.toml": text.replace(SETTINGS, SETTINGS + tags),
            "packages/kelp/pyproject.toml": other + SETTINGS + tags,
            "packages/kelp/src/kelp/__init__.py": '__version__ = "1.2.3"\n',
        }
    )
    return repo
