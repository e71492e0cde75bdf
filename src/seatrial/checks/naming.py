"""Whether the file name says the same as the metadata."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from seatrial.checks.rule import SDIST, WHEEL, Rule, verdict
from seatrial.facts.metadata import FAILURES
from seatrial.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.version import Version

    from seatrial.facts.archive import Archive
    from seatrial.facts.contents import Kind

REBUILD = "build it with a current build backend, and do not rename it: nox -s build"

PLATFORMS = frozenset(
    (
        *("any", "win32", "win_arm64", "win_amd64", "win_ia64"),
        *(f"manylinux1_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2010_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2014_{arch}" for arch in ("x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x")),
        *("linux_armv6l", "linux_armv7l"),
    )
)
"""The platforms that PyPI takes by their names alone."""

APPLE = "ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2"
LINUX = "x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64"
PLATFORM = re.compile(
    rf"macosx_10_\d+_({APPLE})"
    rf"|macosx_(11|12|13|14|15|26)_0_({APPLE})"
    rf"|manylinux_\d+_\d+_({LINUX}|ppc64)|musllinux_\d+_\d+_({LINUX})"
    r"|ios_\d+_\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)"
    r"|android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)"
    r"|pyemscripten_\d+_\d+_wasm32.*"
)
"""The platforms that PyPI takes by their form: macOS, manylinux (PEP 600), musllinux (PEP 656), iOS, Android (PEP 738),
Emscripten (PEP 783)."""


class SdistNamed(Rule):
    """The sdist is named NAME-VERSION.tar.gz, as its metadata say."""

    code: ClassVar[str] = "DIST021"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[Kind, ...]] = SDIST

    def check(self, facts: Archive) -> Finding:
        """An index finds the project, and an installer the version, by the file name (PEP 625)."""
        return verdict(_sdist_mistakes(facts), REBUILD)


class WheelNamed(Rule):
    """The name of the wheel has the form that PEP 427 gives it."""

    code: ClassVar[str] = "DIST022"
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """An installer finds name, version and tags of a wheel in its file name."""
        try:
            parse_wheel_filename(facts.name)
        except InvalidWheelFilename as error:
            return Finding.failed(str(error), REBUILD)
        except FAILURES:
            return Finding.failed(f"Invalid wheel filename: {facts.name!r}", REBUILD)
        return Finding.passed()


class Platform(Rule):
    """The platform of the wheel is one that every machine of its kind fits."""

    code: ClassVar[str] = "DIST023"
    needs: ClassVar[tuple[str, ...]] = ("DIST022",)
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """A wheel that was linked against the libraries of one machine breaks on others."""
        tags = sorted({tag.platform for tag in _wheel(facts)[2]})
        bad = [tag for tag in tags if tag not in PLATFORMS and not PLATFORM.fullmatch(tag)]
        said = (f"Binary wheel '{facts.name}' has an unsupported platform tag '{tag}'." for tag in bad)
        linux = "repair it: auditwheel repair, or build it with cibuildwheel"
        other = "build it with cibuildwheel; for macOS set MACOSX_DEPLOYMENT_TARGET=11.0"
        return verdict(said, linux if any("linux" in tag for tag in bad) else other)


class WheelOfProject(Rule):
    """The name of the wheel starts with that of the project, normalised."""

    code: ClassVar[str] = "DIST024"
    needs: ClassVar[tuple[str, ...]] = ("DIST022", "DIST101")
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """An index finds the project by the file name (PEP 427, PEP 503)."""
        return verdict(_wheel_mistakes(facts), REBUILD)


class WheelOfVersion(Rule):
    """The name of the wheel has the version that its metadata have."""

    code: ClassVar[str] = "DIST025"
    needs: ClassVar[tuple[str, ...]] = ("DIST022", "DIST101")
    kinds: ClassVar[tuple[Kind, ...]] = WHEEL

    def check(self, facts: Archive) -> Finding:
        """An installer chooses by the file name, and believes the metadata afterwards."""
        named, meant = _wheel(facts)[1], facts.metadata.version if facts.metadata else None
        wrong = meant is not None and named != meant
        said = [f"Version in filename should be {str(meant)!r} not {str(named)!r}."] if wrong else []
        return verdict(said, REBUILD)


def _sdist_mistakes(facts: Archive) -> Iterator[str]:
    meant = facts.metadata
    if meant is None:
        return
    try:
        name = str(parse_sdist_filename(facts.name)[0])
    except (InvalidSdistFilename, *FAILURES):
        yield f"Invalid source distribution filename: {facts.name}"
        return
    wanted = canonicalize_name(meant.name)
    if meant.version and meant.version.is_postrelease and name != wanted and facts.name.count("-") > 1:
        # In NAME-1.0-1.tar.gz the version has a hyphen.
        name = facts.name.rpartition("-")[0].rpartition("-")[0]
    start = wanted.replace("-", "_")
    if canonicalize_name(name) != wanted:
        yield f"Start filename for {meant.name!r} with {start!r}."
    elif facts.name != f"{start}-{meant.version}.tar.gz":
        right = f"{start}-{meant.version}.tar.gz"
        yield f"Filename {facts.name!r} is invalid, should be {right!r}."


def _wheel_mistakes(facts: Archive) -> Iterator[str]:
    if facts.metadata is None:
        return
    project = facts.metadata.name
    start = canonicalize_name(project).replace("-", "_")
    named = facts.name.split("-", 1)[0]
    if _wheel(facts)[0] != canonicalize_name(project):
        yield f"Start filename for {project!r} with {start!r}."
    elif named != start:
        yield f"Filename {facts.name!r} should contain the normalized project name {start!r}, not {named!r}."


def _wheel(facts: Archive) -> tuple[str, Version, frozenset[Tag]]:
    name, version, _, tags = parse_wheel_filename(facts.name)
    return name, version, tags
