"""Versions and the ones that come next."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from errors_raised import raises_error
from seatrial.errors import ReleaseError
from seatrial.project.versions import (
    LABELS,
    PART_OF_KIND,
    PARTS,
    RequestedPart,
    calendar_version,
    next_version,
    parse_version,
    part_between,
    part_for_fragments,
    spelled_as,
)

RELEASES = st.lists(st.integers(0, 99), min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
VERSIONS = st.builds(
    lambda epoch, release, suffix: Version(epoch + release + suffix),
    st.sampled_from(["", "1!"]),
    RELEASES,
    st.sampled_from(["", "a1", "b2", "rc3", ".dev4", "rc1.dev2", ".post5"]),
)


NEXT = {
    ("1.4.0", "major", ""): "2.0.0",
    ("1.4.0", "minor", ""): "1.5.0",
    ("1.4.2", "patch", ""): "1.4.3",
    ("1.4", "minor", ""): "1.5",
    ("1.4", "patch", ""): "1.4.1",
    ("1", "major", ""): "2",
    ("2!1.0", "minor", ""): "2!1.1",
    ("1.4.0.post1", "patch", ""): "1.4.1",
    ("1.2.3.4", "patch", ""): "1.2.4",
    # A pre-release and its way back.
    ("1.4.0", "rc", "minor"): "1.5.0rc1",
    ("1.5.0rc1", "rc", "minor"): "1.5.0rc2",
    ("1.5.0rc2", "final", ""): "1.5.0",
    ("1.5.0rc2", "minor", ""): "1.5.0",
    ("1.5.0rc2", "patch", ""): "1.5.0",
    ("1.5.0rc2", "major", ""): "2.0.0",
    ("1.5.1rc1", "minor", ""): "1.6.0",
    ("2.0.0rc1", "major", ""): "2.0.0",
    ("1.5.0a2", "beta", ""): "1.5.0b1",
    ("1.4.0", "preview", "patch"): "1.4.1rc1",
    ("1.4.0", "dev", "minor"): "1.5.0.dev1",
    ("1.5.0.dev1", "dev", ""): "1.5.0.dev2",
    ("1.5.0.dev2", "rc", ""): "1.5.0rc1",
    ("1.5.0rc1", "dev", ""): "1.5.0rc2.dev1",
    ("1.5.0rc2.dev1", "rc", ""): "1.5.0rc2",
    ("1.4.0", "post", ""): "1.4.0.post1",
    ("1.4.0.post1", "post", ""): "1.4.0.post2",
}
"""For a version, a part and the base of a pre-release: the version that comes next."""


def test_part_selects_the_next_version() -> None:
    results = {request: str(next_version(Version(request[0]), *request[1:])) for request in NEXT}
    assert results == NEXT


@given(VERSIONS, st.sampled_from([*PARTS, *LABELS, "dev", "post", "final"]), st.sampled_from(PARTS))
def test_next_version_is_newer(current: Version, part: str, base: str) -> None:
    try:
        following = next_version(current, part, base)
    except ReleaseError:
        return
    assert following > current
    assert parse_version(str(following)) == following


@pytest.mark.parametrize(("current", "part"), [("1.0", "final"), ("1.0rc1", "post"), ("1.0", "mayor"), ("1.0", "")])
def test_part_without_a_next_version_is_refused(current: str, part: str) -> None:
    with raises_error("PartUnknown"):
        next_version(Version(current), part)


def test_label_does_not_lower_the_version() -> None:
    with raises_error("VersionNotNewer") as raised:
        next_version(Version("1.5.0rc1"), "beta")
    assert (raised.value.what, raised.value.fix) == ("b comes before 1.5.0rc1", "invoke release --part rc")


def test_text_that_is_no_version_is_refused() -> None:
    with raises_error("VersionInvalid", match=r"^'1\.5\.x' is not a version"):
        parse_version("1.5.x")


@pytest.mark.parametrize(
    ("current", "kinds", "expected"),
    [
        ("1.4.0", [], RequestedPart("patch")),
        ("1.4.0", ["misc", "bugfix", "misc"], RequestedPart("patch", ("misc", "bugfix"))),
        ("1.4.0", ["bugfix", "feature"], RequestedPart("minor", ("feature",))),
        ("1.4.0", ["feature", "removal", "breaking"], RequestedPart("major", ("removal", "breaking"))),
        ("0.4.0", ["feature", "breaking"], RequestedPart("minor", ("breaking",))),
        ("0.4.0", ["feature"], RequestedPart("patch", ("feature",))),
        ("0.4.0", ["doc"], RequestedPart("patch", ("doc",))),
        ("0.0.3", ["breaking"], RequestedPart("minor", ("breaking",))),
        ("0.0.0", ["feature"], RequestedPart("minor", ("feature",))),
        ("0.0.3", ["bugfix"], RequestedPart("patch", ("bugfix",))),
        ("1.4.0", ["fixed", "added", "removed"], RequestedPart("major", ("removed",))),
    ],
)
def test_fragments_ask_for_the_largest_part(current: str, kinds: list[str], expected: RequestedPart) -> None:
    assert part_for_fragments(kinds, PART_OF_KIND, Version(current)) == expected


@pytest.mark.parametrize(
    ("current", "version"),
    [
        ("2026.10.3", "2026.11.0"),
        ("2026.11.0", "2026.11.1"),
        ("2026.11.0rc1", "2026.11.0"),
        ("26.10", "26.11"),
        ("26.11", "26.11.1"),
        ("26.11.1", "26.11.2"),
        ("2026.11.26.1", "2026.11.27.0"),
        ("2026.11.27.0", "2026.11.27.1"),
        ("2025.0", "2026.0"),
        ("2026.13", "2026.14"),
        ("2025", "2026"),
        ("2026.12.0", "2026.12.1"),
        ("1!2026.10.0", "1!2026.11.0"),
        ("0.0.0", "2026.11.0"),
        # A date in a single number.
        ("202610.3", "202611.0"),
        ("202611.3", "202611.4"),
        ("2610.1", "2611.0"),
        ("2611", "2611.1"),
        ("261126", "261127"),
        ("2011", "2026"),
        ("1.4.0", "2026.11.0"),
        # A third number above 12 is a day.
        ("2026.8.17", "2026.11.27"),
        ("26.8.31", "26.11.27"),
        ("2026.11.27", "2026.11.27.1"),
        ("2026.11.28", "2026.11.28.1"),
        ("2026.8.32", "2026.11.0"),
        # A date is a number.
        ("20261126", "20261127"),
        ("20261127", "20261127.1"),
        ("20261127.1", "20261127.2"),
    ],
)
def test_calendar_version_has_the_form_of_the_current_one(current: str, version: str) -> None:
    assert str(calendar_version(Version(current), datetime(2026, 11, 27, tzinfo=timezone.utc))) == version


@pytest.mark.parametrize(
    ("current", "written", "version"),
    [
        ("2026.6.1", ["2026.06.01"], "2026.11.27"),
        ("26.6.1", ["26.06.01"], "26.11.27"),
        ("2026.6.12", ["2026.06.12", "2026.06.07"], "2026.11.27"),
        ("2026.6.1", ["2026.06.01", "2026.06.0"], "2026.11.0"),
        ("2026.6.1", ["2026.06.1"], "2026.11.0"),
        ("2026.6.1", ["2026.06.001"], "2026.11.0"),
        ("2026.11.27", ["2026.11.27", "2026.11.09"], "2026.11.27.1"),
        ("2026.601", ["2026.0601"], "2026.1127"),
        ("2026.1103", ["2026.1103"], "2026.1127"),
        ("2026.1127", ["2026.1127"], "2026.1127.1"),
        ("2026.113", ["2026.113"], "2026.114"),
        ("2026.1103", ["2026.1103", "2026.1099"], "2026.1104"),
        ("2026.11.12", ["2026.10.30", "2026.11.12"], "2026.11.27"),
        ("2026.11.12", ["2026.11.3", "2026.11.12"], "2026.11.13"),
        ("2026.11.12", ["2026.10.0", "2026.10.13", "2026.11.12"], "2026.11.13"),
        ("2026.11.12", ["2026.10.32"], "2026.11.13"),
        ("2026.11.13", ["2026.11.0"], "2026.11.14"),
        ("26.11.2", ["26.10.31"], "26.11.27"),
        ("2026.11", ["2026.10.31"], "2026.11.1"),
        ("2026.11.12.1", ["2026.11.12"], "2026.11.27.0"),
    ],
)
def test_other_releases_say_whether_a_version_has_a_day(current: str, written: list[str], version: str) -> None:
    today = datetime(2026, 11, 27, tzinfo=timezone.utc)
    assert str(calendar_version(Version(current), today, written)) == version


@pytest.mark.parametrize(
    ("current", "version", "part"),
    [
        ("1.4.0", "2.0.0", "major"),
        ("1.4.0", "1.5.0rc1", "minor"),
        ("1.4.0", "1.4.1", "patch"),
        ("1.5.0rc1", "1.5.0", "minor"),
        ("1.4.0", "1.4.0.post1", "patch"),
    ],
)
def test_version_raises_a_part(current: str, version: str, part: str) -> None:
    assert part_between(Version(current), Version(version)) == part


@pytest.mark.parametrize(
    ("version", "examples", "text"),
    [
        ("2026.6.1", "2026.05.12", "2026.06.01"),
        ("2026.6.0", "2026.05.0", "2026.06.0"),
        ("2027.1.3", "2026.11.12 2026.10.01", "2027.01.03"),
        ("2027.1.3", "2026.11.12 2026.9.1 2025.01.02", "2027.1.3"),
        ("2027.1.3", "2026.11.12", "2027.1.3"),
        ("2027.1.3", "", "2027.1.3"),
        ("2026.10.2", "2026.09.001", "2026.10.002"),
        ("26.6", "v26.05", "26.06"),
        ("1!2026.6rc1", "1!2026.05", "1!2026.06rc1"),
        ("2026.6.1.post2", "2026.05.01", "2026.06.01.post2"),
        ("2.0.0", "1.10.0", "2.0.0"),
        ("1.3.0rc2", "1.3.0-rc.1", "1.3.0-rc.2"),
        ("1.3.0rc2", "1.2.0 1.3.0-rc1", "1.3.0-rc2"),
        ("1.3.0b1", "1.3.0-alpha.3", "1.3.0-beta.1"),
        ("1.3.0rc1", "1.3.0alpha3", "1.3.0rc1"),
        ("1.3.0b1", "1.3.0alpha3", "1.3.0beta1"),
        ("1.3.0rc1", "1.3.0a3", "1.3.0rc1"),
        ("1.3.0rc3", "1.3.0RC1", "1.3.0RC3"),
        ("1.3.0rc2", "1.3.0c1", "1.3.0c2"),
        ("1.3.0b2", "1.3.0c1", "1.3.0b2"),
        ("1.3.0", "1.3.0-rc.1", "1.3.0"),
        ("1.3.0rc2.dev1", "1.3.0_rc_1", "1.3.0_rc_2.dev1"),
        ("2026.6.1rc1", "2026.05.12-rc.4", "2026.06.01-rc.1"),
    ],
)
def test_version_is_spelled_as_the_ones_before(version: str, examples: str, text: str) -> None:
    assert spelled_as(Version(version), examples.split()) == text
    assert Version(text) == Version(version)
