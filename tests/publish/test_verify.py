"""A release is compared with what an index serves, and the state that is named is the true one."""

from __future__ import annotations

import json
import re
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index_faults import InjectedFaults
from index_server import READ, SDIST, WHEEL, IndexServer, serve_index, yank
from release_repo import ReleaseRepo, install_build_environment, make_release_repo
from sample_project import lines

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

PUBLISHED = f"""\
tidepool 1.3.0 is published, byte for byte: http://index/simple/
  {SDIST}  identical, sha256 [.gz]
  {WHEEL}  identical, sha256 [whl]
"""


@pytest.mark.selection
def test_published_release_is_verified_and_installed(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    ran = server.invoke("verify", "--version", "1.3.0", "--index", server.url, "--json")
    assert ran.returncode == 0, ran.output
    report = json.loads(ran.output[ran.output.index("\n{") :])
    assert (report["state"], sorted(file["name"] for file in report["files"])) == ("published", [WHEEL, SDIST])
    assert {(file["in_manifest"], file["has_attestations"]) for file in report["files"]} == {(True, None)}
    assert (report["installed"]["version"], report["installed"]["modules"]) == ("1.3.0", ["tidepool"])


def test_release_without_a_manifest_is_built_again_from_its_tag(server: IndexServer, tmp_path: Path) -> None:
    server.store_file(SDIST, WHEEL)
    shutil.copytree(server.manifest, tmp_path / "manifest")
    shutil.rmtree(server.manifest)
    server.repo.project.write({"src/tidepool/__init__.py": "an unfinished thought\n"})
    ran = server.verify()
    assert ran.returncode == 0, ran.output
    assert server.plain(ran.output).endswith(PUBLISHED)
    assert "  no manifest of v1.3.0 is kept: building it from the tag\n" in ran.output
    # A clone that is cut off builds the same bytes.
    shallow = server.repo.project.root.parent / "shallow"
    server.repo.project.git("clone", "-q", "--depth", "1", f"file://{server.repo.remote.root}", str(shallow))
    in_clone = replace(server, repo=ReleaseRepo(replace(server.repo.project, root=shallow)))
    install_build_environment(in_clone.repo.project, "hatchling")
    cut_off = in_clone.verify("--limit", "0")
    assert (cut_off.returncode, server.plain(cut_off.output).endswith(PUBLISHED)) == (0, True), cut_off.output


@pytest.mark.parametrize(
    ("uploaded", "message", "paragraph"),
    [
        ((), f"not published on http://index/simple/:\n    {SDIST}  missing\n    {WHEEL}  missing", "NotThere"),
        (
            (WHEEL,),
            f"partly published on http://index/simple/:\n    {SDIST}  missing\n    {WHEEL}  identical, sha256 [whl]",
            "PartlyThere",
        ),
    ],
    ids=["nothing", "half"],
)
def test_incomplete_release_is_finished_by_publish(
    server: IndexServer, uploaded: tuple[str, ...], message: str, paragraph: str
) -> None:
    server.store_file(*uploaded)
    ran = server.verify("--version", "1.3.0", "--limit", "0")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        f"seatrial: tidepool 1.3.0 is {message.replace('    ', '  ')}\n"
        f"fix:  invoke publish --version 1.3.0 --index http://index/legacy/\n{READ}{paragraph}\n"
    )


def test_release_that_is_packaged_differently_is_published(server: IndexServer) -> None:
    server.store_data(WHEEL, server.repacked(WHEEL))
    server.store_file(SDIST, extra=b"\0")
    ran = server.invoke("verify", "--index", server.url, "--limit", "60", "--json")
    assert ran.returncode == 0, ran.output
    printed = json.loads(ran.output[ran.output.index("\n{") :])
    assert (printed["state"], {file["state"] for file in printed["files"]}) == ("same_content", {"same_content"})
    assert printed["installed"]["modules"] == ["tidepool"]
    ran = server.verify("--limit", "60")
    assert ran.returncode == 0
    assert server.plain(ran.output) == (
        "tidepool 1.3.0 is published, packaged differently: http://index/simple/\n"
        f"  {SDIST}  same content, packaged differently: compression or headers\n"
        f"  {WHEEL}  same content, packaged differently: dates, compression\n"
    )


CI_BUILDS = """\
on: {push: {tags: ["v*"]}}
permissions: {id-token: write}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    steps:
    - uses: actions/checkout@v5
    - run: COMMAND
    - uses: pypa/gh-action-pypi-publish@release/v1
"""
BY_HAND = "no workflow publishes, so they were uploaded by hand: find out who did, and from where"
PLAINLY = (
    "release.yml builds without nox -s build: look in its log for what its build takes from outside the commit: files, "
    "tools, the clock"
)
BY_SESSION = (
    "release.yml runs nox -s build, which makes identical files from one commit: look in its log for another commit or "
    "a changed file"
)


@pytest.mark.parametrize(
    ("builder", "advice"),
    [("", BY_HAND), ("python -m build", PLAINLY), ("uvx nox -s build", BY_SESSION)],
    ids=["by hand", "by build", "by nox"],
)
def test_different_content_names_the_members_and_advises_by_who_built_it(
    server: IndexServer, builder: str, advice: str
) -> None:
    if builder:
        workflow = {".github/workflows/release.yml": CI_BUILDS.replace("COMMAND", builder)}
        server.repo.project.write(workflow)
    server.store_file(SDIST)
    server.store_data(WHEEL, server.repacked(WHEEL, without="/__init__.py"))
    ran = server.verify("--limit", "60")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        "seatrial: tidepool 1.3.0 is published with different content on http://index/simple/:\n"
        f"  {SDIST}  identical, sha256 [.gz]\n"
        f"  {WHEEL}  different content: tidepool-1.3.0.dist-info/RECORD, tidepool/__init__.py\n"
        f"fix:  {advice}\n      if the files are wrong: invoke undo 1.3.0 --index http://index/legacy/\n"
        f"{READ}ContentDiffers\n"
    )


def test_file_that_any_machine_would_install_and_that_was_not_verified_is_an_error(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    preferred = WHEEL.replace("-py3", "-1-py3")
    server.store_data(preferred, server.repacked(WHEEL))
    ran = server.verify("--limit", "60")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        "seatrial: tidepool 1.3.0 is published with files that were not verified on http://index/simple/:\n"
        f"  {SDIST}  identical, sha256 [.gz]\n"
        f"  {WHEEL}  identical, sha256 [whl]\n"
        f"  {preferred}  unexpected: it was not verified\n"
        f"fix:  {BY_HAND}\n      if the files are wrong: invoke undo 1.3.0 --index http://index/legacy/\n"
        f"{READ}UnexpectedFiles\n"
    )


def test_wheel_added_by_ci_is_reported_but_not_as_different(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    added = WHEEL.replace("py3-none-any", "cp313-cp313-win_amd64")
    (server.manifest / added).write_bytes((server.manifest / WHEEL).read_bytes())
    server.store_file(added, extra=b"\0")
    ran = server.verify("--limit", "0")
    assert (ran.returncode, server.plain(ran.output)) == (
        0,
        PUBLISHED + f"  {added}  a wheel for one platform, which is not compared\n",
    )


def test_release_that_is_yanked_is_not_published(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    yank(server)
    ran = server.verify("--limit", "60")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        "seatrial: tidepool 1.3.0 is yanked on http://index/simple/:\n"
        f"  {SDIST}  identical, sha256 [.gz], yanked\n  {WHEEL}  identical, sha256 [whl], yanked\n"
        f"fix:  invoke undo 1.3.0 --index http://index/legacy/\n{READ}Yanked\n"
    )


def test_release_that_comes_piece_by_piece_is_waited_for(repo: ReleaseRepo, tmp_path: Path) -> None:
    with serve_index(repo, tmp_path / "index", InjectedFaults(visible=(0, 1))) as server:
        server.store_file(SDIST, WHEEL)
        ran = server.verify()
        assert (ran.returncode, server.plain(ran.output)) == (
            0,
            "  0 of 2 files on http://index/simple/; waiting, N s at most\n"
            "  1 of 2 files on http://index/simple/; waiting, N s at most\n" + PUBLISHED,
        )


def test_unknown_attestations_are_an_error_only_when_requested(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    ran = server.verify("--attestations")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        "seatrial: http://index/simple/ does not show whether there are attestations: "
        "it has an older simple API than 1.3\n"
        "fix:  use an index that shows attestations, such as PyPI\n"
        f"{READ}Unattested\n"
    )


def test_version_without_a_tag_is_refused(server: IndexServer) -> None:
    ran = server.verify("--version", "9.9")
    assert (ran.returncode, ran.output) == (
        5,
        lines(
            f"""
            seatrial: the tag v9.9 does not exist
            fix:  git fetch --tags; or, where nothing was released, invoke release
            {READ}TagMissing
            """
        ),
    )


@pytest.mark.parametrize(
    ("index", "near"),
    [("nowhere", ""), ("ftp://example.invalid/", ""), ("http:///x", ""), ("tetspypi", "; did you mean testpypi?")],
)
def test_invalid_index_is_refused(server: IndexServer, index: str, near: str) -> None:
    ran = server.invoke("verify", "--index", index)
    assert (ran.returncode, ran.output) == (
        7,
        lines(
            f"""
            seatrial: {index!r} is not an index to upload to{near}
            fix:  name one of pypi, testpypi, or give the address that it takes uploads at: https://…/legacy/
            {READ}DestinationUnknown
            """
        ),
    )


def test_unreachable_index_is_reported_at_once(server: IndexServer) -> None:
    ran = server.invoke("verify", "--index", "http://user:secretpassword@127.0.0.1:9/legacy/")
    assert (ran.returncode, ran.message) == (
        4,
        lines(
            f"""
            seatrial: http://***@127.0.0.1:9/simple/tidepool/ does not answer: Connection refused
            fix:  go online, or correct the address: no server answers there
            {READ}IndexUnreachable
            """
        ),
    )


def test_limit_that_is_no_number_is_refused(server: IndexServer) -> None:
    ran = server.verify("--limit", "soon")
    assert (ran.returncode, ran.output) == (
        7,
        lines(
            f"""
            seatrial: --limit soon is not a number of seconds
            fix:  the same command with a number: --limit 600
            {READ}LimitInvalid
            """
        ),
    )


@pytest.mark.parametrize("face", ["invoke", "seatrial"])
def test_version_needs_no_option_at_any_position(server: IndexServer, face: str) -> None:
    server.store_file(SDIST, WHEEL)
    command = [sys.executable, "-m", face, "verify"]
    options = ["--index", server.url, "--no-install", "--limit", "0"]
    for words in (["1.3.0", *options], [*options, "1.3.0"]):
        ran = server.repo.project.run(*command, *words)
        assert (ran.returncode, server.plain(ran.output)) == (0, PUBLISHED)
    other = server.repo.project.run(*command, "9.9", *options)
    assert (other.returncode, other.output.splitlines()[0]) == (5, "seatrial: the tag v9.9 does not exist")


def test_release_waits_until_it_is_published(server: IndexServer, tmp_path: Path) -> None:
    # The same commit builds the same bytes, so they can be there before.
    server.store_file(SDIST, WHEEL)
    fresh = make_release_repo(tmp_path / "fresh")
    ran = fresh.release("--part", "minor", "--yes", "--wait", TWINE_REPOSITORY_URL=server.url)
    assert ran.returncode == 0, ran.output
    end = server.plain(ran.output[ran.output.index("  installing tidepool==") :])
    assert re.sub(r"Python 3\.\d+", "Python 3", end) == (
        "  installing tidepool==1.3.0 in an empty environment\n"
        + PUBLISHED
        + "  installed on Python 3: import tidepool\n"
    )


@pytest.mark.parametrize(
    ("has_commit", "ending"),
    [
        (False, "v1.3.0 was pushed, and then interrupted: updating the checkout\nv1.3.0 is released"),
        (True, "v1.3.0 is released, although it was interrupted at the end"),
    ],
    ids=["updates the checkout", "was at the end"],
)
def test_release_that_was_interrupted_is_waited_for_too(server: IndexServer, *, has_commit: bool, ending: str) -> None:
    project = server.repo.project
    commit, oid = project.git("rev-parse", "main", "v1.3.0").split()
    note = {"version": 1, "commit": commit, "tag": "v1.3.0", "oid": oid, "branch": "main", "remote": "origin"}
    project.write({".git/seatrial-release.json": json.dumps({**note, "upstream": "refs/heads/main"})})
    if not has_commit:
        project.git("reset", "-q", "--hard", "HEAD~1")
        project.git("tag", "-d", "v1.3.0")
    ran = server.invoke("release", "--wait", TWINE_REPOSITORY_URL=server.url)
    output = server.plain(ran.output)
    assert project.git("rev-parse", "main", "v1.3.0").split() == [commit, oid]
    # No CI publishes it, so there is nothing to wait for.
    assert ran.returncode == 7
    assert output == (
        f"{ending}. For another release, run this again.\n"
        "seatrial: tidepool 1.3.0 is not published on http://index/simple/:\n"
        f"  {SDIST}  missing\n  {WHEEL}  missing\n"
        f"fix:  invoke publish --version 1.3.0\n{READ}NotThere\n"
    )
