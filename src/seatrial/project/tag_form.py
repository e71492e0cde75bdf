"""The form of the tags of a project's releases: a literal text around a version, such as ``v{version}``.

It is what ``[tool.seatrial] tag`` says, else what the existing tags say together with the version in the files. Where
they are ambiguous, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from seatrial.errors import ReleaseError

if TYPE_CHECKING:
    from seatrial.project.project import Project
    from seatrial.project.settings import Config


USUAL_PREFIXES = ("v", "", "V", "release-", "release/", "releases/", "rel-", "version-")
"""The text before the version in the tags of most projects, the commonest first."""

DEFAULT = "v{version}"
DEFAULT_BELOW_TOP = "{name}-v{version}"
"""The form for a package in a folder of its repository, which may have others."""

NUMBER = re.compile(r"(?<!\d)(?<!\d\.)\d")
BEFORE_VERSION = re.compile(r"[-_./@=#]*[vV]?\.?$")
"""What separates a name from the version after it."""

PART_OF_NUMBERS = re.compile(r"\d[_-]$")
FAR_APART = 1000
"""By how much first numbers differ of which one is a date or a counter, such as 2026 and 1."""


@dataclass(frozen=True)
class Series:
    """The tags of one form: ``prefix`` precedes the version in all of them; ``newest``: the highest version."""

    prefix: str
    tags: dict[Version, str]

    @property
    def newest(self) -> Version:
        """The highest version."""
        return max(self.tags)

    @property
    def form(self) -> str:
        """The form of its tags; braces that are no placeholder are doubled."""
        return self.prefix.replace("{", "{{").replace("}", "}}") + "{version}"

    def form_of(self, project: Project) -> str:
        """Return the form of its tags, with ``{name}`` for the name of the project as a word of its own."""
        return re.sub(rf"(?<![\w-]){re.escape(project.name)}(?=[-_/@=#])", "{name}", self.form)

    def is_named(self, names: Iterable[str]) -> bool:
        """Return whether the prefix names a package: one of these names, as a word of its own."""
        texts = (self.prefix, BEFORE_VERSION.sub("", self.prefix))
        words = {canonicalize_name(word) for text in texts for word in re.split(r"[/@=#]+", text) if word}
        return any(canonicalize_name(name) in words for name in names)


def resolve_tag_form(project: Project, config: Config, tags: Collection[str], version: Version | None) -> str:
    """Return the form of a project's tags, with ``{version}``, and perhaps ``{name}``, in it.

    ``version``: that in the files, None where it comes from a tag. Raises `TagFormUnclear` with the candidates.
    """
    if config.tag:
        return config.tag
    is_below_top = _is_below_top(project.root)
    names = (project.name, project.root.name) if is_below_top else (project.name,)
    series = read_series(tags)
    own = [candidate for candidate in series if candidate.is_named(names)]
    usual = [candidate for candidate in series if _is_usual(candidate)]
    # In a repository of several packages, what has another prefix is another package's.
    others = [] if is_below_top else [candidate for candidate in series if candidate not in (*own, *usual)]
    default = DEFAULT_BELOW_TOP if is_below_top else DEFAULT
    if version is None:
        candidates = own or ([] if is_below_top else usual)
        return _without_version(candidates, [] if candidates else others, project) or default
    if all(candidate.newest != version for candidate in series):
        whole = [tag for tag in tags if not is_below_top or Series(NUMBER.split(tag)[0], {}).is_named(names)]
        _require_no_other_spelling(whole, version, project, is_only=not series)
    at_top = [] if is_below_top else usual

    def is_near(candidate: Series) -> bool:
        return not _is_far(candidate.newest, version)

    chosen = (
        _first_of((own, usual, others), lambda candidate: candidate.newest == version)
        # A higher tag, such as that of a pre-release which was given up, does not make this one another form.
        or _first_of((own, at_top), lambda candidate: version in candidate.tags)
        # The version in the files may be ahead of its tag, but not behind: what is higher is of something else.
        or _first_of((own, at_top, others), lambda candidate: candidate.newest <= version and is_near(candidate))
    )
    if chosen:
        return _only(chosen, project, version)
    # A development version can be lower than all tags.
    near = own or [candidate for candidate in at_top if len(candidate.tags) > 1 and is_near(candidate)]
    return near[0].form_of(project) if len(near) == 1 else default


def _first_of(groups: Iterable[Sequence[Series]], is_chosen: Callable[[Series], bool]) -> list[Series]:
    """Return those of the first group that has some which are chosen."""
    chosen = ([candidate for candidate in group if is_chosen(candidate)] for group in groups)
    return next(filter(None, chosen), [])


def read_series(tags: Iterable[str]) -> tuple[Series, ...]:
    """Return the tags that end with a version (PEP 440), by the prefix before it, which does not end with a digit."""
    series: dict[str, Series] = {}
    for tag in tags:
        split = _split(tag)
        if split:
            prefix, version = split
            series.setdefault(prefix, Series(prefix, {})).tags[version] = tag
    return tuple(series.values())


def released_versions(tags: Iterable[str], form: str, name: str, current: Version | None) -> dict[Version, str]:
    """Return the versions whose tags are among ``tags``, and these tags.

    A local version, such as 1.4.0+build5, is no release: no index takes it. ``current``: the version in the files, None
    where it comes from a tag. With one that is no post-release, 1.4.0-2 next to 1.4.0 counts builds.
    """
    candidates = list[tuple[Version, str, str]]()
    for tag in tags:
        text = version_in_tag(tag, form, name)
        # Version() takes "v1.0" too, which is another form.
        version = _parse(text) if text[:1].isdecimal() else None
        if version is not None and version.local is None:
            candidates.append((version, text, tag))
    versions = {version for version, _, _ in candidates}
    has_builds = current is not None and not current.is_postrelease
    return {version: tag for version, text, tag in candidates if not (has_builds and _is_build(text, versions))}


def _is_build(text: str, versions: Collection[Version]) -> bool:
    """Whether a text is one of ``versions`` with a build number, as 1.4.0-2; PEP 440 reads that as 1.4.0.post2."""
    base, _, build = text.rpartition("-")
    return build.isdecimal() and _parse(base) in versions


def version_in_tag(tag: str, form: str, name: str) -> str:
    """Return the text that is in the place of the version in a tag, "" in one of another form."""
    before, _, after = form.replace("{name}", name).partition("{version}")
    before, after = (text.replace("{{", "{").replace("}}", "}") for text in (before, after))
    is_of_form = tag.startswith(before) and tag.endswith(after)
    return tag[len(before) : len(tag) - len(after)] if is_of_form else ""


def _split(tag: str) -> tuple[str, Version] | None:
    """Return a tag as prefix and version, the version as long as it can be; None where it does not end with one."""
    for match in NUMBER.finditer(tag):
        prefix, text = tag[: match.start()], tag[match.start() :]
        version = _parse(text)
        if version is not None:
            # The last number of 2026-11-27 or REL_1_4_0 is no version.
            return None if PART_OF_NUMBERS.search(prefix) and "." not in text else (prefix, version)
    return None


def _require_no_other_spelling(tags: Iterable[str], version: Version, project: Project, *, is_only: bool) -> None:
    """Raise `TagFormUnclear` for a tag with a version and more after it, or with other signs between its numbers.

    ``is_only``: whether no tag ends with a version; then one with a lower version and more after it counts, too.
    """
    numbers = "[_-]".join(map(str, version.release))
    for tag in tags if version.release[1:] else ():
        match = INSIDE.search(tag)
        inside = _parse(match[0]) if match and _split(tag) is None else None
        is_release = inside == version or (is_only and inside and inside < version and not _is_far(inside, version))
        if is_release or re.search(rf"(?<!\d){numbers}(?!\d)", tag):
            form = f"{tag[: match.start()]}{{version}}{tag[match.end() :]}" if match and is_release else DEFAULT
            raise ReleaseError(
                f"the tag {tag} does not have the version of {project.name} as it is written, {version}"
                if inside is None
                else f"the tag {tag} does not end with a version",
                code="TagFormUnclear",
                fix=f'say which form the next release has, in {project.path.name}:\n[tool.seatrial]\ntag = "{form}"',
            )


INSIDE = re.compile(r"(?<!\d)(?<!\d\.)\d+(?:\.\d+)+(?![.\d])")
"""A version in a tag that goes on after it, such as ``1.2.0-final``."""


def _parse(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _is_usual(series: Series) -> bool:
    return series.prefix in USUAL_PREFIXES


def _is_far(first: Version, second: Version) -> bool:
    return abs(first.major - second.major) >= FAR_APART


def _without_version(candidates: Collection[Series], others: Collection[Series], project: Project) -> str | None:
    """Return the form of the highest version; a project may have changed it. None without tags.

    Raises `TagFormUnclear` where only ``others`` have versions.
    """
    # A single number is a counter, or a day, and no release.
    if any(version.release[1:] for series in others for version in series.tags):
        raise _unclear(others, project, None)
    newest = max(candidates, key=lambda series: series.newest, default=None)
    if newest is None:
        return None
    if any(_is_far(series.newest, newest.newest) for series in candidates):
        raise _unclear(candidates, project, None)
    return newest.form_of(project)


def _only(candidates: Collection[Series], project: Project, version: Version) -> str:
    """Return the one form that there is. Raises `TagFormUnclear` for several."""
    if len(candidates) > 1:
        if all(map(_is_usual, candidates)):
            # A project has changed its form: the highest version has the new one.
            newest = max(candidates, key=lambda series: (series.newest, -USUAL_PREFIXES.index(series.prefix)))
            return newest.form_of(project)
        raise _unclear(candidates, project, version)
    return next(iter(candidates)).form_of(project)


def _unclear(series_of_tags: Collection[Series], project: Project, version: Version | None) -> ReleaseError:
    candidates = ", ".join(series.tags[series.newest] for series in series_of_tags)
    in_files = f", and the version in its files is {version}" if version else ""
    fixes = "\n".join(f'tag = "{series.form}"' for series in series_of_tags)
    return ReleaseError(
        f"the tags do not say which are the releases of {project.name}: {candidates}{in_files}",
        code="TagFormUnclear",
        fix=f"say which form a release has, in {project.path.name}, one of:\n[tool.seatrial]\n{fixes}",
    )


def _is_below_top(root: Path) -> bool:
    """Return whether a folder is in a git repository, and not its top."""
    return not (root / ".git").exists() and any((parent / ".git").exists() for parent in root.parents)
