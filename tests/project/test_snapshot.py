"""The state of a project before its next release."""

from __future__ import annotations

import datetime as dt
import shlex
from pathlib import Path, PurePosixPath

import pytest
from packaging.version import Version

from errors_raised import raises_error
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.tag_form import released_versions, resolve_tag_form
from seatrial.project.versions import RequestedPart
from seatrial.project.write_entry import assemble_changelog

PYPROJECT = (
    '[project]\nname = "tide-pool"\nversion = "1.2.3"\n[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\n'
)


def look(root: Path, *names: str) -> ProjectSnapshot:
    (root / "pyproject.toml").write_text(PYPROJECT)
    return ProjectSnapshot.of(root, tuple(PurePosixPath(name) for name in names), ["v1.2.3", "v1.2.2"])


def test_fragments_are_those_of_the_folder(tmp_path: Path) -> None:
    snapshot = look(
        tmp_path, "news/1.feature.md", "news/+x.bugfix.md", "news/README.md", "news/.gitkeep", "a/2.feature.md"
    )
    assert [(str(fragment.path), fragment.issue, fragment.kind) for fragment in snapshot.fragments] == [
        ("news/1.feature.md", "1", "feature"),
        ("news/+x.bugfix.md", None, "bugfix"),
    ]
    assert (snapshot.requested, snapshot.current, snapshot.last_tag) == (
        RequestedPart("minor", ("feature",)),
        Version("1.2.3"),
        "v1.2.3",
    )
    assert snapshot.tag(Version("1.3.0")) == "v1.3.0"


def test_tag_is_spelled_as_the_newest_ones_or_as_the_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", "2026.05.03"))
    names = {
        tags: [ProjectSnapshot.of(tmp_path, (), tags).tag(Version(version)) for version in ("2026.6.1", "2026.5.3")]
        for tags in ((), ("v2026.5.3",), ("v2026.05.03", "v2025.1.1"))
    }
    assert names == {
        (): ["v2026.06.01", "v2026.05.03"],
        ("v2026.5.3",): ["v2026.6.1", "v2026.5.3"],
        ("v2026.05.03", "v2025.1.1"): ["v2026.06.01", "v2026.05.03"],
    }


@pytest.mark.parametrize("tags", [(), ("v2026.06.01", "v2026.05.07")])
def test_day_of_a_calendar_version_is_known_by_its_zero(tmp_path: Path, tags: tuple[str, ...]) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", "2026.06.01"))
    snapshot = ProjectSnapshot.of(tmp_path, (), tags)
    before, version, after = (
        dt.datetime.now().astimezone(),
        snapshot.version_for("calendar"),
        dt.datetime.now().astimezone(),
    )
    assert snapshot.tag(version) in {f"v{day:%Y.%m.%d}" for day in (before, after)}


def test_fragment_that_towncrier_would_skip_is_named(tmp_path: Path) -> None:
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/2.fetaure.md", "news/3")
    assert raised.value.what == "towncrier skips news/2.fetaure.md, news/3: no part of the name is a type"


def test_fragment_whose_name_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """The entry has the name: a file system can hold what no text can."""
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/2-\udcff.feature.md")
    assert raised.value.what == "the name of news/2-\\xff.feature.md is not UTF-8, and the entry would have it"


def test_fragments_that_towncrier_confuses_are_named(tmp_path: Path) -> None:
    look(tmp_path, "news/1.feature.md", "news/1.feature.1.md", "news/+x.misc.md", "news/+x.misc.rst")
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/01.feature.rst")
    words = "are number 1 of type feature, which towncrier does not take"
    assert raised.value.what == f"news/1.feature.md and news/01.feature.rst {words}"


@pytest.mark.parametrize(
    "name",
    [
        "1.feature.md.orig",
        "1.feature.md.rej",
        "1.feature.md~",
        ".1.feature.md.swp",
        "#1.feature.md#",
        "1.feature copy.md",
        "1.feature - Copy.md",
        "Copy of 1.feature.md",
        "1.feature_BASE_77.md",
        "1.feature.md.LOCAL.77.md",
        "1.feature.sync-conflict-20260101-120000-ABC.md",
        "1.feature.md.mine",
        "._1.feature.md",
        ".DS_Store",
    ],
)
def test_file_that_a_program_left_is_no_fragment(tmp_path: Path, name: str) -> None:
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", f"news/{name}")
    path = shlex.quote(f"news/{name}")
    assert raised.value.what == f"{path} was left by a program, and is no fragment"
    assert raised.value.fix == f"remove it, and commit: git rm {path}"


@pytest.mark.parametrize(
    "name",
    ["+fix_remote_12.bugfix.md", "+bugfix.local.2.bugfix.md", "+deep-copy.bugfix", "fix(api).bugfix.1.rst", "9.patch"],
)
def test_fragment_ends_in_a_type_whatever_is_before_it(tmp_path: Path, name: str) -> None:
    types = "".join(
        f'[[tool.towncrier.type]]\ndirectory = "{kind}"\nname = ""\nshowcontent = true\n'
        for kind in ("feature", "bugfix", "patch")
    )
    (tmp_path / "pyproject.toml").write_text(PYPROJECT + types)
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath(f"news/{name}"),), ["v1.2.3"])
    assert [fragment.kind for fragment in snapshot.fragments] == ["patch" if name == "9.patch" else "bugfix"]


UNTAGGED = [
    # The version in the files, the tags, the fragment, a part, and the version that it leads to.
    ("1.5.0", ["v1.4.0"], "", "minor", "1.5.0"),
    ("1.5.0", ["v1.4.0"], "", "auto", "1.5.0"),
    ("1.5.0", ["v1.4.0"], "", "major", "2.0.0"),
    ("1.5.0", ["v1.4.0"], "", "patch", "1.5.1"),
    ("1.4.0", ["v1.4.0"], "feature", "auto", "1.5.0"),
    ("0.1.0", [], "", "minor", "0.1.0"),
    ("0.1.0", [], "", "patch", "0.1.1"),
    ("0.1.0", [], "bugfix", "auto", "0.1.1"),
    ("0.0.0", [], "", "minor", "0.1.0"),
    ("1.5.0.dev0", ["v1.4.0"], "", "auto", "1.5.0"),
    ("1.5.0rc1", ["v1.5.0rc1"], "", "auto", "1.5.0"),
]


@pytest.mark.parametrize(("version", "tags", "fragment", "part", "expected"), UNTAGGED)
def test_part_selects_a_version_that_was_written_but_not_released(
    tmp_path: Path, version: str, tags: list[str], fragment: str, part: str, expected: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", version))
    files = (PurePosixPath(f"news/1.{fragment}.md"),) if fragment else ()
    assert str(ProjectSnapshot.of(tmp_path, files, tags).version_for(part)) == expected


@pytest.mark.parametrize(
    ("changelog", "has_entry"),
    [
        ("# News\n\n## 1.5.0 (2026-01-01)\n\n- Tides rise.\n", True),
        ("News\n====\n\n1.5.0\n-----\n\n- Tides rise.\n", True),
        ("# News\n\n## 1.4.0\n\n- 1.5.0 is next.\n", False),
        ("", False),
    ],
)
def test_entry_of_a_version_that_was_not_released_is_found(tmp_path: Path, changelog: str, *, has_entry: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", "1.5.0"))
    (tmp_path / "NEWS.md").write_text(changelog)
    snapshot = ProjectSnapshot.of(tmp_path, (), ["v1.4.0"])
    assert snapshot.has_entry(Version("1.5.0")) is has_entry
    assert not snapshot.has_entry(Version("1.4.0"))


def test_notes_below_a_second_heading_for_the_next_release_are_not_lost(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "tide-pool"\nversion = "1.2.3"\n')
    text = "# News\n\n## Unreleased\n\n- Tides.\n\n## 1.2.3\n\n- Fog.\n\n## Unreleased\n\n- Ebb.\n"
    (tmp_path / "NEWS.md").write_text(text)
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath("NEWS.md"),), ["v1.2.3"])
    with raises_error("UnreleasedNotes") as raised:
        assemble_changelog(snapshot, Version("1.3.0"), "2026-11-27")
    assert raised.value.what == (
        "NEWS.md:11: the notes below a second '## Unreleased' would not be in the entry, which is made from those "
        "below line 3"
    )
    assert raised.value.fix == "move them below '## Unreleased' in line 3, and commit"
    assert (tmp_path / "NEWS.md").read_text() == text
    (tmp_path / "NEWS.md").write_text(text.replace("- Ebb.", "Nothing yet."))
    assert assemble_changelog(snapshot, Version("1.3.0"), "2026-11-27") == "## 1.3.0\n\n- Tides."


def test_release_without_notes_does_not_need_a_section_for_them(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "tide-pool"\nversion = "1.2.3"\n[tool.seatrial.changelog]\nsource = "unreleased"\n'
    )
    (tmp_path / "NEWS.md").write_text("# News\n\n## 1.2.3\n\n- Fog.\n")
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath("NEWS.md"),), ["v1.2.3"])
    assemble_changelog(snapshot, Version("1.3.0"), "2026-11-27")
    assert (tmp_path / "NEWS.md").read_text() == (
        "# News\n\n## Unreleased\n\n## 1.3.0\n\nNo significant changes.\n\n## 1.2.3\n\n- Fog.\n"
    )


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
    assert released_versions(tags, "py-{version}-linux", "tide-pool", None) == {Version("1.2.3"): "py-1.2.3-linux"}


def test_local_versions_and_numbers_of_builds_are_no_releases() -> None:
    tags = ("v1.2.3", "v1.2.3-1", "v1.2.4rc1", "v1.2.4rc1-2", "v1.3.0+build5", "v1.2.2-4", "v1.2.3.post1", "v1.2.3-01")
    assert set(released_versions(tags, "v{version}", "tide-pool", Version("1.2.4")).values()) == {
        *("v1.2.3", "v1.2.4rc1", "v1.2.2-4", "v1.2.3.post1")
    }


@pytest.mark.parametrize("current", [None, Version("1.2.3.post1")])
def test_number_after_a_version_is_that_of_a_post_release_unless_the_files_have_none(current: Version | None) -> None:
    tags = ("v1.2.3", "v1.2.3-1", "v1.2.2-1")
    released = {Version("1.2.3"): "v1.2.3", Version("1.2.3.post1"): "v1.2.3-1", Version("1.2.2.post1"): "v1.2.2-1"}
    assert released_versions(tags, "v{version}", "tide-pool", current) == released


ANNOUNCED = [
    # The version in the files, the tags, the heading, the part, and the version that it leads to.
    ("1.0.0", ["v1.0.0"], "1.1.0 (unreleased)", "auto", "1.1.0"),
    ("1.0.0", ["v1.0.0"], "1.1 (unreleased)", "auto", "1.1.0"),
    ("1.0.0", ["v1.0.0"], "1.1.0.dev0", "auto", "1.1.0"),
    ("1.0.0", ["v1.0.0"], "1.1.0rc1 (unreleased)", "auto", "1.1.0rc1"),
    ("1.0.0", ["v1.0.0"], "3.0.0 (unreleased)", "auto", "3.0.0"),
    ("1.0.0", ["v1.0.0"], "1.1.0 (unreleased)", "patch", "1.0.1"),
    ("1.0.0", ["v1.0.0"], "1.0.0 (unreleased)", "auto", "1.0.1"),
    ("1.0.0", ["v1.0.0"], "Unreleased", "auto", "1.0.1"),
    ("1.0.0", ["v1.0.0"], "Unreleased (requires Python 3.9)", "auto", "1.0.1"),
    ("1.0.0", ["v1.0.0"], "1.1.0rc1 (unreleased)", "rc", "1.1.0rc1"),
    ("1.0.0", ["v1.0.0"], "1.1.0rc1 (unreleased)", "b", "1.1.0b1"),
    ("1.0.0", ["v1.0.0"], "1.2.0 (unreleased)", "rc", "1.2.0rc1"),
    ("1.0.0", ["v1.0.0"], "1.2.0 (unreleased)", "dev", "1.2.0.dev1"),
    ("1.0.0", ["v1.0.0"], "1.0.0.post1 (unreleased)", "rc", "1.0.1rc1"),
    ("1.2.0rc1", ["v1.0.0", "v1.2.0rc1"], "1.2.0 (unreleased)", "rc", "1.2.0rc2"),
    ("0.1.0", [], "0.1.0 (unreleased)", "auto", "0.1.0"),
    ("1.1.0.dev0", ["v1.0.0"], "1.1.0 (unreleased)", "auto", "1.1.0"),
]


@pytest.mark.parametrize(("version", "tags", "heading", "part", "expected"), ANNOUNCED)
def test_part_that_is_chosen_is_that_of_the_heading_of_the_next_release(
    tmp_path: Path, version: str, tags: list[str], heading: str, part: str, expected: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "tide-pool"\nversion = "{version}"\n')
    (tmp_path / "NEWS.md").write_text(f"# News\n\n## {heading}\n\n- Tides.\n\n## 0.0.9 (2026-01-05)\n\n- Fog.\n")
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath("NEWS.md"),), tags)
    assert str(snapshot.version_for(part)) == expected


@pytest.mark.parametrize(
    ("version", "tag", "heading", "choices"),
    [
        ("1.2.0", "v1.2.0", "Unreleased", ["patch 1.2.1", "minor 1.3.0", "major 2.0.0", "rc 1.2.1rc1"]),
        (
            *("1.2.0", "v1.2.0", "1.4.0 (unreleased)"),
            ["auto 1.4.0", "patch 1.2.1", "minor 1.3.0", "major 2.0.0", "rc 1.4.0rc1"],
        ),
        ("1.2.0", "v1.2.0", "1.3.0 (unreleased)", ["auto 1.3.0", "patch 1.2.1", "major 2.0.0", "rc 1.3.0rc1"]),
        ("1.2.0", "v1.2.0", "1.3.0rc1 (unreleased)", ["auto 1.3.0rc1", "patch 1.2.1", "minor 1.3.0", "major 2.0.0"]),
        ("1.5.0rc1", "v1.5.0rc1", "Unreleased", ["patch 1.5.0", "major 2.0.0", "rc 1.5.0rc2"]),
        # A version that was written and not released is one of them.
        ("1.2.1", "v1.2.0", "Unreleased", ["patch 1.2.1", "minor 1.3.0", "major 2.0.0", "rc 1.2.2rc1"]),
    ],
)
def test_choices_begin_with_the_announced_version_or_the_requested_part_and_have_no_duplicates(
    tmp_path: Path, version: str, tag: str, heading: str, choices: list[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "tide-pool"\nversion = "{version}"\n')
    (tmp_path / "NEWS.md").write_text(f"# News\n\n## {heading}\n\n- Tides.\n\n## 0.0.9 (2026-01-05)\n\n- Fog.\n")
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath("NEWS.md"),), [tag])
    assert [f"{part} {chosen}" for part, chosen in snapshot.choices()] == choices
    assert [snapshot.version_for(part) for part, _ in snapshot.choices()] == [
        chosen for _, chosen in snapshot.choices()
    ]
