"""Releases of projects that keep their changelog in different ways."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from preflight_in_process import enter
from release_repo import TOWNCRIER
from sample_project import lines
from seatrial.git.repository import Remote, Upstream
from seatrial.release.plan import ReleasePlan, plan_text
from seatrial.release.preconditions import PushTarget
from seatrial.release.preflight import attempt_release
from seatrial.release.prepare import ReleaseRequest

if TYPE_CHECKING:
    from release_repo import ReleaseRepo

READ = "more: seatrial explain "
TODAY = f"{dt.datetime.now().astimezone():%Y-%m-%d}"

UNRELEASED = """\
# Changelog

## [Unreleased]

### Added

- Tides.

## [1.2.3] - 2026-01-05

- Fog.

[unreleased]: https://example.org/compare/v1.2.3...HEAD
"""

RELEASED = f"""\
# Changelog

## [Unreleased]

## [1.3.0] - {TODAY}

### Added

- Tides.

## [1.2.3] - 2026-01-05

- Fog.

[unreleased]: https://example.org/compare/v1.3.0...HEAD
[1.3.0]: https://example.org/compare/v1.2.3...v1.3.0
"""


def without_towncrier(repo: ReleaseRepo, changelog: str = UNRELEASED, settings: str = "") -> None:
    """Keep the changelog by hand, and push that; ``settings``: what is added to pyproject.toml."""
    pyproject = repo.read("pyproject.toml").replace(TOWNCRIER, "") + settings
    repo.project.git("rm", "-rq", "changelog.d")
    repo.project.write({"pyproject.toml": pyproject, "CHANGELOG.md": changelog})
    repo.project.commit("Keep the changelog by hand")
    repo.project.git("push", "-q")


def release(repo: ReleaseRepo, *args: str) -> str:
    ran = repo.release(*args, "--yes", "--no-tests")
    assert ran.returncode == 0, ran.output
    return ran.output


@pytest.mark.slow
@pytest.mark.selection
def test_unreleased_section_becomes_the_entry_of_the_release(repo: ReleaseRepo) -> None:
    """No fast test can show it: the entry is that of the commit and of the tag that were pushed."""
    without_towncrier(repo)
    assert repo.project.invoke("status").output.splitlines()[1] == "notes      1, for a minor release: 1.3.0"
    release(repo, "--part", "auto")
    assert repo.read("CHANGELOG.md") == RELEASED
    assert repo.remote.git("show", "main:CHANGELOG.md") == RELEASED
    message = repo.project.git("tag", "--list", "--format=%(contents)", "v1.3.0")
    assert message == f"tidepool 1.3.0\n\n## [1.3.0] - {TODAY}\n\n### Added\n\n- Tides.\n\n"


@pytest.mark.slow
def test_release_without_unreleased_notes_is_refused_unless_accepted(repo: ReleaseRepo) -> None:
    without_towncrier(repo, UNRELEASED.replace("- Tides.\n", ""))
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.message == lines(
        f"""
        seatrial: CHANGELOG.md has no notes for the next release, so the notes of 1.3.0 would be empty
        fix:  invoke news added 'What is new.', and commit; or release all the same: --allow-empty
        {READ}NoFragments
        """
    )
    release(repo, "--part", "minor", "--allow-empty")
    assert f"## [1.3.0] - {TODAY}\n\nNo significant changes.\n" in repo.read("CHANGELOG.md")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("heading", "released"),
    [
        ("## Version 1.3.0\n\nUnreleased", f"## Version 1.3.0\n\nReleased {TODAY}"),
        ("## Version 1.3.0 (unreleased)", f"## Version 1.3.0 ({TODAY})"),
    ],
)
def test_section_that_has_the_version_of_the_next_release_already_is_its_entry(
    repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch, heading: str, released: str
) -> None:
    """The whole preparation of a release runs in this process."""
    earlier = "## Version 1.2.3\n\nReleased 2024-02-29" if "\n" in heading else "## Version 1.2.3 (2024-02-29)"
    without_towncrier(repo, f"# Changelog\n\n{heading}\n\n- Tides.\n\n{earlier}\n\n- Harbours.\n")
    enter(repo.project, monkeypatch)
    with attempt_release(repo.project.root, ReleaseRequest("minor"), os.environ) as run:
        assert run.attempt().reasons == ()
        assert run.scratch
        changelog = (run.scratch.project / "CHANGELOG.md").read_text()
    assert changelog == f"# Changelog\n\n{released}\n\n- Tides.\n\n{earlier}\n\n- Harbours.\n"


@pytest.mark.slow
def test_windows_line_ends_are_kept(repo: ReleaseRepo) -> None:
    without_towncrier(repo)
    (repo.project.root / "CHANGELOG.md").write_bytes(UNRELEASED.replace("\n", "\r\n").encode())
    repo.project.commit("Save on Windows")
    release(repo, "--part", "minor")
    assert (repo.project.root / "CHANGELOG.md").read_bytes() == RELEASED.replace("\n", "\r\n").encode()


@pytest.mark.slow
@pytest.mark.selection
def test_news_writes_a_note_below_unreleased(repo: ReleaseRepo) -> None:
    without_towncrier(repo)
    assert repo.project.invoke("news", "bugfix", "Ebb.", "--issue", "42").output == "wrote CHANGELOG.md\n"
    assert repo.project.invoke("news", "added", "Wind.").output == "wrote CHANGELOG.md\n"
    changed = UNRELEASED.replace("- Tides.\n", "- Tides.\n- Wind.\n\n### Fixed\n\n- Ebb. (#42)\n")
    assert repo.read("CHANGELOG.md") == changed
    ran = repo.project.invoke("news", "fixd", "Ebb.")
    assert ran.message == lines(
        f"""
        seatrial: CHANGELOG.md has no fragment type 'fixd'; did you mean fixed?
        fix:  invoke news fixed Ebb.
        {READ}FragmentTypeUnknown
        """
    )


@pytest.mark.slow
@pytest.mark.selection
def test_notes_in_a_changelog_that_is_made_from_fragments_are_not_lost(repo: ReleaseRepo) -> None:
    changelog = repo.read("CHANGELOG.md")
    repo.project.write(
        {"CHANGELOG.md": changelog.replace("<!-- towncrier", "## Unreleased\n\n- Tides.\n\n<!-- towncrier")}
    )
    repo.project.commit("Write notes")
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before)
    assert ran.message == lines(
        f"""
        seatrial: CHANGELOG.md:5: 1 note below '## Unreleased' would be lost: the entry is made from changelog.d
        fix:  move them into fragments, such as: invoke news feature Tides.; or release them as they are:
              [tool.seatrial.changelog]
              source = "unreleased"
        {READ}UnreleasedNotes
        """
    )


def test_plan_names_another_version_that_the_changelog_announces() -> None:
    plan = ReleasePlan("tide-pool", Version("1.0.0"), Version("1.0.1"), "v1.0.1", "", announced=Version("1.1.0"))
    target = PushTarget("main", Upstream("origin", "refs/heads/main"))
    assert plan_text(plan, target, Remote("origin", ("../remote",), "origin")) == lines(
        """
        tide-pool 1.0.0 → 1.0.1

        but      the changelog announces 1.1.0: --version 1.1.0
        commit   none: nothing changes in the files
        tag      v1.0.1
        push     main and v1.0.1 to origin (../remote), both or neither
        CI       no CI file listens to tags: nothing will be published
        """
    ).rstrip("\n")


@pytest.mark.slow
def test_changelog_is_left_alone_where_the_project_wants_none(repo: ReleaseRepo) -> None:
    without_towncrier(repo, settings='[tool.seatrial.changelog]\nsource = "none"\n')
    release(repo, "--part", "minor")
    assert repo.read("CHANGELOG.md") == UNRELEASED


@pytest.mark.slow
@pytest.mark.selection
def test_changelog_that_is_named_and_missing_is_reported(repo: ReleaseRepo) -> None:
    without_towncrier(repo, settings='[tool.seatrial.changelog]\nsource = "unreleased"\nfile = "docs/changes.md"\n')
    ran = repo.release("--part", "minor", "--yes")
    assert ran.message == lines(
        f"""
        seatrial: [tool.seatrial.changelog] in {repo.project.root}/pyproject.toml: docs/changes.md does not exist
        fix:  create it, or name another: file = "docs/changes.md"
        {READ}PyprojectInvalid
        """
    )


@pytest.mark.slow
@pytest.mark.parametrize("way", ["keep", pytest.param("merge", marks=pytest.mark.selection)])
def test_final_release_has_what_is_new_since_the_last_one(repo: ReleaseRepo, way: str) -> None:
    """No fast test can show it: whole releases are built and pushed, one on top of the other."""
    pyproject = repo.read("pyproject.toml") + f'\n[tool.seatrial.changelog]\npre-releases = "{way}"\n'
    repo.project.write({"pyproject.toml": pyproject})
    repo.project.commit("Choose")
    release(repo, "--part", "rc")
    repo.project.write({"changelog.d/9.feature.md": "Wind.\n"})
    repo.project.commit("Write a fragment")
    release(repo, "--part", "rc")
    second = repo.read("CHANGELOG.md")
    release(repo, "--part", "final")
    final = repo.read("CHANGELOG.md")
    entry = "## 1.3.0\n\n### Features\n\n- Tides rise. (#1)\n- Wind. (#9)\n\n### Bugfixes\n\n- Tides fall."
    above, kept = second[: second.index("## 1.3.0rc2")], "## 1.3.0rc2" if way == "keep" else "## 1.2.3"
    assert final == f"{above}{entry}\n\n\n{second[second.index(kept) :]}"
    assert repo.project.git("tag", "--list", "--format=%(contents:body)", "v1.3.0").strip() == entry
