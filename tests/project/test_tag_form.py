"""Which form the tags of a project's releases have: what the tags and the version in the files say together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from errors_raised import raises_error
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.project.versions import released_versions, resolve_tag_form

if TYPE_CHECKING:
    from pathlib import Path


def resolve(folder: Path, tags: str, version: str | None, *, prefix: str = "", setting: str = "") -> str:
    """Return the form of the tags, given with blanks between, of the package tide-pool."""
    (folder / ".git").mkdir()
    root = folder / prefix
    root.mkdir(parents=True, exist_ok=True)
    table = (
        f'[project]\nname = "tide-pool"\n[tool.seatrial]\ntag = "{setting}"\n'
        if setting
        else '[project]\nname = "tide-pool"\n'
    )
    (root / "pyproject.toml").write_text(table)
    project = Project.from_directory(root)
    return resolve_tag_form(project, Config.from_project(project), tags.split(), Version(version) if version else None)


@pytest.mark.parametrize(
    ("tags", "version", "form"),
    [
        ("", "1.4.0", "v{version}"),
        ("v1.4.0 v1.3.0", "1.4.0", "v{version}"),
        ("1.4.0 1.3.0", "1.4.0", "{version}"),
        ("v1.0 1.1", "1.1", "{version}"),
        ("V1.4.0", "1.4.0", "V{version}"),
        ("release/1.4.0 v0.9", "1.4.0", "release/{version}"),
        # What is equal to the version in the files decides, whatever else there is.
        ("20260901 v1.4.0", "1.4.0", "v{version}"),
        ("release-2026 v1.4.0", "1.4.0", "v{version}"),
        ("py-v1.4.0 core-v2.0.0", "1.4.0", "py-v{version}"),
        ("py3-v1.4.0", "1.4.0", "py3-v{version}"),
        ("releases/team/app/1.4.0", "1.4.0", "releases/team/app/{version}"),
        ("tide-pool-1.4.0 other-1.4.0", "1.4.0", "{name}-{version}"),
        ("Tide_Pool@1.4.0 v1.4.0", "1.4.0", "Tide_Pool@{version}"),
        ("v1.4.0 1.4.0", "1.4.0", "v{version}"),
        ("v1.4.0rc1 v1.3.0", "1.4.0rc1", "v{version}"),
        # A pre-release that was given up is higher.
        ("1.3.0 1.4.0 2.0.0b1", "1.4.0", "{version}"),
        # A development version that was not raised is lower than all tags.
        ("24.7.1 24.8.0 24.8.0rc1", "24.8.0.dev0", "{version}"),
        # The version in the files is ahead of the last tag.
        ("v1.4.0 20260901", "1.5.0", "v{version}"),
        ("v1.4.0 core-v2.0.0", "1.5.0", "v{version}"),
        ("py-v1.4.0 core-v2.0.0", "1.5.0", "py-v{version}"),
        ("1.0 v1.4.0", "1.5.0", "v{version}"),
        # What is higher, or no version, is of something else.
        ("20260901", "1.4.0", "v{version}"),
        ("nightly vone deploy-12x", "1.4.0", "v{version}"),
        ("v1.4.0-final v1.4.0 v1.3.0", "1.4.0", "v{version}"),
        ("1.5.0-final 2026.11.27-nightly", "1.4.0", "v{version}"),
        ("v.1.4.0 v.1.3.0", "1.4.0", "v.{version}"),
        ("2026.9.1", "2026.9.1", "{version}"),
        ("2026-11-27 REL_2_4_0", "1.4.0", "v{version}"),
        ("2026-11-27 v1.3.0", "1.4.0", "v{version}"),
        # The version comes from the tag.
        ("v1.4.0", None, "v{version}"),
        ("v1.0 2.0", None, "{version}"),
        ("tide-pool-v1.4.0 v9.0", None, "{name}-v{version}"),
        ("other-9.0 v1.0", None, "v{version}"),
        ("nightly-20260901", None, "v{version}"),
        ("", None, "v{version}"),
    ],
)
def test_form_is_read_from_the_tags_and_the_version(tmp_path: Path, tags: str, version: str | None, form: str) -> None:
    assert resolve(tmp_path, tags, version) == form


@pytest.mark.parametrize(
    ("tags", "version", "form"),
    [
        ("", "0.3.0", "{name}-v{version}"),
        ("alpha-v0.3.0 beta-v0.4.0", "0.3.0", "alpha-v{version}"),
        ("alpha/v0.3.0", "0.3.0", "alpha/v{version}"),
        ("tide-pool-v0.3.0", "0.3.0", "{name}-v{version}"),
        ("v0.3.0", "0.3.0", "v{version}"),
        ("tide-pool==0.3.0 beta==0.3.0", "0.3.0", "{name}=={version}"),
        ("Alpha.0.3.0 beta.0.3.0", "0.3.0", "Alpha.{version}"),
        ("beta-0.3.0-final", "0.3.0", "{name}-v{version}"),
        # Another package's tags are not this one's, even where the version is the same.
        ("beta-v0.3.0", "0.3.0", "{name}-v{version}"),
        ("v0.2.0", "0.3.0", "{name}-v{version}"),
        ("beta-v0.2.0", None, "{name}-v{version}"),
    ],
)
def test_package_in_a_folder_has_tags_of_its_own(tmp_path: Path, tags: str, version: str | None, form: str) -> None:
    assert resolve(tmp_path, tags, version, prefix="packages/alpha") == form


@pytest.mark.parametrize(
    ("tags", "version", "candidates"),
    [
        ("py-v1.4.0 core-v1.2.0", "1.5.0", ("py-v1.4.0, core-v1.2.0", "py-v", "core-v")),
        ("py-v1.4.0 core-v1.4.0", "1.4.0", ("py-v1.4.0, core-v1.4.0", "py-v", "core-v")),
        ("20260901 v1.4.0", None, ("20260901, v1.4.0", "", "v")),
        ("js-v1.4.0", None, ("js-v1.4.0", "js-v")),
    ],
)
def test_ambiguous_tags_are_an_error_with_the_candidates(
    tmp_path: Path, tags: str, version: str | None, candidates: tuple[str, ...]
) -> None:
    with raises_error("TagFormUnclear") as raised:
        resolve(tmp_path, tags, version)
    listed, *prefixes = candidates
    in_files = f", and the version in its files is {version}" if version else ""
    assert raised.value.what == f"the tags do not say which are the releases of tide-pool: {listed}{in_files}"
    assert raised.value.fix.splitlines()[2:] == [f'tag = "{prefix}{{version}}"' for prefix in prefixes]


@pytest.mark.parametrize("tag", ["REL_1_4_0", "v1-4-0", "release_1_4_0_final"])
def test_version_with_other_signs_in_the_tags_is_no_reason_to_begin_another_form(tmp_path: Path, tag: str) -> None:
    with raises_error("TagFormUnclear") as raised:
        resolve(tmp_path, tag, "1.4.0")
    assert raised.value.what == f"the tag {tag} does not have the version of tide-pool as it is written, 1.4.0"


@pytest.mark.parametrize(
    ("tags", "version", "form"),
    [
        ("1.4.0-final", "1.4.0", "{version}-final"),
        ("v1.4.0_stable v1.3.0", "1.4.0", "v{version}_stable"),
        ("tide-1.4.0-release", "1.5.0", "tide-{version}-release"),
    ],
)
def test_text_after_the_version_is_a_form_only_where_it_is_set(
    tmp_path: Path, tags: str, version: str, form: str
) -> None:
    with raises_error("TagFormUnclear") as raised:
        resolve(tmp_path, tags, version)
    assert raised.value.what == f"the tag {tags.split(maxsplit=1)[0]} does not end with a version"
    assert raised.value.fix.splitlines()[2:] == [f'tag = "{form}"']


def test_setting_is_the_last_word(tmp_path: Path) -> None:
    assert resolve(tmp_path, "py-v1.4.0 core-v1.4.0", "1.4.0", setting="core-v{version}") == "core-v{version}"


def test_text_after_the_version_is_a_part_of_a_form_that_is_set() -> None:
    tags = ("py-1.2.3-linux", "py-1.2.4-mac", "py-x-linux")
    assert released_versions(tags, "py-{version}-linux", "tide-pool") == {Version("1.2.3"): "py-1.2.3-linux"}
