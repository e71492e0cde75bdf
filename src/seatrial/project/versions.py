"""Versions, and which one comes next (PyPA, "Version specifiers")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from packaging.version import InvalidVersion, Version

from seatrial.commands import RELEASE, Command
from seatrial.errors import ReleaseError
from seatrial.redaction import redact

PARTS = ("major", "minor", "patch")
"""The parts of a release number, the largest first."""

LABELS = {"alpha": "a", "a": "a", "beta": "b", "b": "b", "c": "rc", "rc": "rc", "pre": "rc", "preview": "rc"}
"""What a pre-release can be called, and its normal form."""

OTHERS = ("final", "dev", "post")
"""What else ``--part`` takes: the release that a pre-release led to, a development and a post-release."""

CALENDAR = "calendar"
"""The part that is today's date, in a project whose versions are dates (CalVer)."""

PART_NAMES = (*PARTS, "a", "b", "rc", *OTHERS, CALENDAR, "auto")
"""What ``--part`` takes, each under one name."""

VERSION_EXAMPLES = "1.5.0, 1.5.0rc1 or 1.5.0.post1"

PART_OF_KIND = {
    "breaking": "major",
    "removal": "major",
    "removed": "major",
    "feature": "minor",
    "added": "minor",
    "changed": "minor",
    "deprecated": "minor",
}
"""Which part a type of fragment asks for; every other type asks for a patch."""


@dataclass(frozen=True)
class RequestedPart:
    """Which part the fragments ask for, and the types of fragment that ask for it."""

    part: str
    kinds: tuple[str, ...] = ()


def parse_version(text: str) -> Version:
    """Return the version that ``text`` is. Raises `VersionInvalid`."""
    try:
        return Version(text)
    except InvalidVersion:
        raise ReleaseError(
            f"{redact(text)!r} is not a version",
            code="VersionInvalid",
            fix=f"choose one like {VERSION_EXAMPLES}",
        ) from None


def part_for_fragments(kinds: Iterable[str], table: Mapping[str, str], current: Version) -> RequestedPart:
    """Return the largest part that fragments of these types ask for.

    ``table`` says which part a type asks for. Below 1.0 each asks for one part less, because there a minor release
    may break what it likes (Semantic Versioning, 4); below 0.1 nothing asks for a major release, and a feature for 0.1.
    """
    kinds_by_part: dict[str, list[str]] = {}
    for kind in dict.fromkeys(kinds):
        kinds_by_part.setdefault(table.get(kind, "patch"), []).append(kind)
    part = next((part for part in PARTS if part in kinds_by_part), "patch")
    kinds_of_part = tuple(kinds_by_part.get(part, ()))
    if current.epoch or current.major:
        return RequestedPart(part, kinds_of_part)
    lowered = {"major": "minor", "minor": "patch" if current.minor else "minor", "patch": "patch"}
    return RequestedPart(lowered[part], kinds_of_part)


def is_part(text: str) -> bool:
    """Whether ``--part`` takes a word."""
    return text in PART_NAMES or text in LABELS


def next_version(
    current: Version,
    part: str,
    base: str = "patch",
    written: Iterable[str] = (),
    again: Command = RELEASE,
) -> Version:
    """Return the version that comes after ``current`` when ``part`` is raised.

    A pre-release is on its way to a release: 1.5.0rc1 becomes 1.5.0 by ``final``, ``patch`` and ``minor``, and 2.0.0 by
    ``major``. ``base``: the part that a label raises first when ``current`` is no pre-release, so that ``rc`` makes
    1.5.0rc1 of 1.4.0 when the base is ``minor``. ``calendar`` is `calendar_version` of today; ``written``: how
    versions are written, which says whether it has a day; ``again``: the command that a fix names.
    Raises `PartUnknown`, or `VersionNotNewer` when a label would lead back.
    """
    if part in PARTS:
        return _release(current, part)
    if part == CALENDAR:
        return calendar_version(current, datetime.now().astimezone(), written)
    if part in LABELS:
        return _pre_release(current, LABELS[part], base, again)
    if part == "dev":
        return _development(current, base)
    if part == "post" and not current.is_prerelease:
        return _version(current, current.release, f".post{(current.post or 0) + 1}")
    if part == "final" and current.is_prerelease:
        return _version(current, current.release)
    if part in OTHERS:
        why = "is a pre-release" if part == "post" else "is not a pre-release"
        what = f"--part {part} leads nowhere: {current} {why}"
    else:
        what = f"unknown part {part!r}: choose from {', '.join(PART_NAMES)}"
    raise ReleaseError(what, code="PartUnknown", fix=again.with_words("--part", "minor"))


LAST_MONTH, LAST_DAY = 12, 31
SHORT_YEARS, FOUR_DIGITS = 100, 1000
FIRST_YEAR, LAST_YEAR = 1990, 2100
IN_ONE_NUMBER = ("%Y%m%d", "%Y%m", "%y%m%d", "%y%m")
"""How a date is written as a single number."""

PADDED_DAY = re.compile(r"\d+\.\d+\.0[1-9](?!\d)")
"""A version whose third number is a day: counters are written without a zero."""


def calendar_version(current: Version, today: datetime, written: Iterable[str] = ()) -> Version:
    """Return the version of a day, in the form of ``current``: its year, its month, its day, and a counter.

    The year has four digits or two, as in 2026.11.0 and 26.11. A number up to 12 after it is a month; the third is a
    day where there are four numbers, or where it is above 12, as in 2026.8.17, or 01 to 09, in this or another version,
    and 0 or above 31 in none. A date can also be a single number, as 20261127 or 202611, or a month and a day be one,
    as 2026.1127. ``written``: how this and other versions are written. The counter begins with 0 and is raised, or
    added, for another release of the same date. A version without a year, such as 0.0.0, is followed by 2026.11.0. A
    version of a later date keeps its date.
    """
    texts = tuple(written)
    versions = (current, *map(Version, texts))
    numbers = current.release if current.major >= SHORT_YEARS // 10 else (today.year, today.month, 0)
    year = today.year if numbers[0] >= SHORT_YEARS else today.year % SHORT_YEARS
    form = next((form for form in IN_ONE_NUMBER if _is_date(numbers[0], form)), None)
    dated = [int(today.strftime(form)) if form else year]
    if form is None and numbers[1:] and 0 < numbers[1] <= LAST_MONTH:
        dated.append(today.month)
        thirds = {(*version.release, 0, 0)[2] for version in versions if version.release[2:]}
        is_day = any(third > LAST_MONTH for third in thirds) or any(map(PADDED_DAY.match, map(_numbers_of, texts)))
        has_days = is_day and all(0 < third <= LAST_DAY for third in thirds)
        if (has_days and numbers[2:]) or len(numbers) > len(("year", "month", "counter")):
            dated.append(today.day)
    elif form is None and numbers[1:]:
        seconds = [version.release[1] for version in versions if version.release[1:]]
        is_padded = any(re.match(r"\d+\.0", _numbers_of(text)) for text in texts)
        if (is_padded or max(seconds) >= FOUR_DIGITS) and all(
            _is_date(20000000 + second, "%Y%m%d") for second in seconds
        ):
            dated.append(int(f"{today:%m%d}"))
    counters = numbers[len(dated) :]
    latest = current.release[: len(dated)]
    if tuple(dated) <= latest:
        dated = list(latest)
        if not current.is_prerelease:
            counters = (counters[0] + 1,) if counters else (1,)
    elif counters:
        counters = (0,)
    return _version(current, (*dated, *counters))


def _is_date(number: int, form: str) -> bool:
    """Whether a number is a date of these years in a form; 2011 is a year, and no November of 2020."""
    if FIRST_YEAR <= number <= LAST_YEAR:
        return False
    try:
        day = datetime.strptime(str(number), form)  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return False
    return FIRST_YEAR <= day.year <= LAST_YEAR and day.strftime(form) == str(number)


def spelled_as(version: Version, examples: Iterable[str]) -> str:
    """Return a version as ``examples`` are spelled: 2026.06.01 after 2026.05.12, 1.3.0-rc.2 after 1.3.0-rc.1.

    For each number the first example that shows it decides, which one of two digits or more, such as 12, does not; for
    the letters of a pre-release, the first pre-release.
    """
    digits, texts = dict[int, int](), tuple(examples)
    for text in texts:
        for index, number in enumerate(re.findall(r"\d+", _numbers_of(text))):
            if len(number) == 1 or number[0] == "0":
                digits.setdefault(index, len(number))
    width = min(2, max(digits.values(), default=1))
    numbers = _numbers_of(str(version))
    padded = (
        str(number).zfill(digits.get(index, width if index else 1)) for index, number in enumerate(version.release)
    )
    letters, spelled = _letters_of(version), _pre_release_as(version, texts)
    return str(version).replace(letters, spelled, 1).replace(numbers, ".".join(padded), 1)


PRE_RELEASE = re.compile(
    r"(?<=\d)(?P<before>[-_.]?)(?P<word>alpha|beta|preview|pre|rc|a|b|c)(?P<between>[-_.]?)(?=\d)", re.IGNORECASE
)
"""How a version says that it is a pre-release."""

LETTERS = {"a": "alpha", "b": "beta", "rc": "rc"}
"""The letters of pre-releases, and the words that are as long as others are written."""


def _letters_of(version: Version) -> str:
    """Return how a normal version says that it is a pre-release: rc1; "" for a final one."""
    return "".join(map(str, version.pre or ()))


def _pre_release_as(version: Version, examples: Iterable[str]) -> str:
    """Return how a version says that it is a pre-release, spelled as the first pre-release among ``examples``."""
    match = next(filter(None, map(PRE_RELEASE.search, examples)), None)
    if match is None or version.pre is None:
        return _letters_of(version)
    letter, number = version.pre
    is_same = Version(f"1{match['word']}1").pre == (letter, 1)
    is_short = match["word"].lower() in {*LETTERS, "c"} and not match["before"]
    word = match["word"] if is_same else letter if is_short else LETTERS[letter]
    return f"{match['before']}{word}{match['between']}{number}"


def _numbers_of(text: str) -> str:
    """Return the numbers of a version, without its epoch and without what follows them."""
    match = re.match(r"[vV]?(?:\d+!)?(\d+(?:\.\d+)*)", text)
    return match[1] if match else ""


def part_between(current: Version, version: Version) -> str:
    """Return the part by which ``version`` is larger than ``current``, which counts as what led to it."""
    return next((part for part in PARTS if version.release >= _release(current, part).release), "patch")


def first_towards(version: Version, part: str) -> Version:
    """Return the first pre-release that leads to a version, or the version itself where it is one of that label."""
    label = LABELS.get(part)
    if label and version.pre and version.pre[0] == label:
        return version
    return _version(version, version.release, f"{label}1" if label else ".dev1")


def _release(current: Version, part: str) -> Version:
    index = PARTS.index(part)
    numbers = [*current.release, 0, 0, 0][:3]
    is_there = current.is_prerelease and not any(numbers[index + 1 :])
    raised = [*numbers[:index], numbers[index] + (0 if is_there else 1), 0, 0][:3]
    # "1.4" becomes "1.5", not "1.5.0".
    return _version(current, tuple(raised[: max(min(len(current.release), 3), index + 1)]))


def _pre_release(current: Version, label: str, base: str, again: Command) -> Version:
    if not current.is_prerelease:
        return _version(current, next_version(current, base).release, f"{label}1")
    if current.pre is None:
        return _version(current, current.release, f"{label}1")
    old, number = current.pre
    if label < old:
        raise ReleaseError(
            f"{label} comes before {current}", code="VersionNotNewer", fix=again.with_words("--part", old)
        )
    if label > old:
        return _version(current, current.release, f"{label}1")
    return _version(current, current.release, f"{label}{number if current.dev is not None else number + 1}")


def _development(current: Version, base: str) -> Version:
    if current.dev is not None:
        pre = "".join(map(str, current.pre)) if current.pre else ""
        return _version(current, current.release, f"{pre}.dev{current.dev + 1}")
    if current.pre is not None:
        label, number = current.pre
        return _version(current, current.release, f"{label}{number + 1}.dev1")
    return _version(current, next_version(current, base).release, ".dev1")


def _version(current: Version, release: tuple[int, ...], suffix: str = "") -> Version:
    epoch = f"{current.epoch}!" if current.epoch else ""
    return Version(f"{epoch}{'.'.join(map(str, release))}{suffix}")
