"""The settings in ``[tool.seatrial]`` and ``[tool.seatrial.workflows]``; all mistakes are reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, Any

from seatrial.errors import PyprojectInvalid
from seatrial.project.versions import PART_OF_KIND, PARTS
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.project.project import Project


IMAGES = {"ubuntu": "ubuntu-24.04", "macos": "macos-15", "windows": "windows-2025"}
"""GitHub's runner for each operating system, with its version, so that an upgrade is a commit."""

CI_KEYS = ("systems", "testpypi", "prove", "coverage", "verification", "install", "tag", "prepare")
ON_MERGE = "on-merge"
TAG_MAKERS = ("push", ON_MERGE)
"""What makes the tag of a release: whoever pushes it, or CI when the release is merged."""


@dataclass(frozen=True)
class CiSettings:
    """The settings of the workflows that are generated.

    ``systems``: the operating systems that the tests run on, the first of which does all else; ``testpypi``: whether
    every push to the branch publishes a development version there; ``prove``: whether the publisher can be tried
    without a release; ``coverage``: whether what the tests on all Pythons measure is brought together, in a
    project that measures; ``verification``: the tag of the sessions that run between the build and the upload;
    ``install``: the commands that install seatrial in a job, none for those that the project's lock file asks for;
    ``tag``: what makes the tag, of `TAG_MAKERS`; ``prepare``: whether there is a workflow that opens the request of a
    release when it is started by hand.
    """

    systems: tuple[str, ...] = ("ubuntu",)
    testpypi: bool = True
    prove: bool = True
    coverage: bool = True
    verification: str = "release"
    install: tuple[str, ...] = ()
    tag: str = "push"
    prepare: bool = False

    @property
    def tags_merges(self) -> bool:
        """Whether CI makes the tag when a release is merged."""
        return self.tag == ON_MERGE

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> CiSettings:
        """Read a table without `mistakes_in_ci_settings`."""
        lists = {key: tuple(table[key]) for key in ("systems", "install") if key in table}
        return cls(**{**table, **lists})


def mistakes_in_ci_settings(table: object) -> Iterator[str]:
    """Yield what is wrong in the table."""
    if not isinstance(table, dict):
        yield f"workflows has to be a table, not {table!r}"
        return
    yield from (f"workflows has no key {key!r}" for key in table if key not in CI_KEYS)
    systems = table.get("systems", ["ubuntu"])
    if not _are_texts(systems) or not systems or not set(systems) <= set(IMAGES) or len(set(systems)) < len(systems):
        yield f"workflows.systems has to be a list of {', '.join(IMAGES)}, not {systems!r}"
    if table.get("tag", "push") not in TAG_MAKERS:
        yield f"workflows.tag has to be one of {', '.join(TAG_MAKERS)}, not {table['tag']!r}"
    for key in ("testpypi", "prove", "coverage", "prepare"):
        if not isinstance(table.get(key, True), bool):
            yield f"workflows.{key} has to be true or false, not {table[key]!r}"
    tag = table.get("verification", CiSettings.verification)
    if not isinstance(tag, str) or not tag.replace("-", "").replace("_", "").isalnum():
        yield f"workflows.verification has to be the tag of a session, not {tag!r}"
    install = table.get("install", ["pip"])
    if not _are_texts(install) or not install or not all(line.strip() and "\n" not in line for line in install):
        yield f"workflows.install has to be a list of commands, each in one line, not {install!r}"


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


CALVER = "calver"
"""The scheme of versions that are dates."""

CHANGELOG_KEYS = ("source", "file", "pre-releases")
CHANGELOG_SOURCES = ("fragments", "unreleased", "none")
PRE_RELEASE_ENTRIES = ("keep", "merge")


@dataclass(frozen=True)
class ChangelogConfig:
    """How a project keeps its changelog.

    ``source``: what an entry is made from, the fragments of towncrier, the Unreleased section, or ``none`` for no
    changelog; None for what the project has. ``file``: the changelog with the section, None for the usual names.
    ``merges``: whether the entry of a final release takes the place of those of its pre-releases.
    """

    source: str | None = None
    file: str | None = None
    merges: bool = False

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> ChangelogConfig:
        """Read a table without `_mistakes_in_changelog`."""
        return cls(table.get("source"), table.get("file"), table.get("pre-releases") == "merge")


def _mistakes_in_changelog(table: object) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"changelog has to be a table, not {table!r}"
        return
    yield from (f"changelog has no key {key!r}" for key in table if key not in CHANGELOG_KEYS)
    for key, choices in (("source", CHANGELOG_SOURCES), ("pre-releases", PRE_RELEASE_ENTRIES)):
        if key in table and table[key] not in choices:
            yield f"changelog.{key} has to be one of {', '.join(choices)}, not {table[key]!r}"
    if not isinstance(table.get("file", ""), str):
        yield f"changelog.file has to be a string, not {table['file']!r}"


CONFIG_KEYS = (
    *("name", "branch", "tag", "message", "through", "release-branch", "parts", "lock", "pass-env"),
    *("publisher", "index", "ignore", "workflows", "changelog", "scheme"),
)
THROUGH = ("push", "pull-request")
PUBLISHER_KEYS = ("owner", "repository", "workflow", "environment")

CODE = re.compile(r"(CI|DIST|GIT|INDEX|META)\d{3}")
"""What the code of a check looks like."""


@dataclass(frozen=True)
class Config:
    """The settings of a project; an empty table, and none at all, are valid.

    ``name``, that of a project whose setup.py computes it, is read with the project's other metadata.
    ``branch``: the one that releases are made from, None for the remote's default; ``tag`` and ``message``: that of the
    tag's name and of the release commit, with ``{version}`` and ``{name}`` in them, ``tag`` None for the form of the
    existing tags; ``through``: ``push``, or ``pull-request`` where releases are merged on the forge;
    ``release_branch``: the form of the branch of such a release, None for the default, as for ``message``; ``parts``:
    which part of the version each type of fragment asks for; ``lock``: commands, each a tuple of arguments, that
    refresh lock files after the version was raised; ``pass_env``: the names of secrets in the environment, as shell
    patterns, that builds and the tests of a release get; ``publisher``: what is registered on the index as the trusted
    publisher, where that is not what the remote and the workflow say; ``index``: the address of the simple API of the
    index that is published to, None for the one that pip installs from; ``ignore``: codes of checks, and the reason why
    each does not hold here; ``workflows``: what the CI workflows do; ``changelog``: how it is kept; ``scheme``:
    "calver" for versions that are dates, None for any other.
    """

    branch: str | None = None
    tag: str | None = None
    message: str | None = None
    through: str = "push"
    release_branch: str | None = None
    parts: Mapping[str, str] = field(default_factory=lambda: PART_OF_KIND)
    lock: tuple[tuple[str, ...], ...] = ()
    pass_env: tuple[str, ...] = ()
    publisher: Mapping[str, str] = field(default_factory=dict)
    index: str | None = None
    ignore: Mapping[str, str] = field(default_factory=dict)
    workflows: CiSettings = field(default_factory=CiSettings)
    changelog: ChangelogConfig = field(default_factory=ChangelogConfig)
    scheme: str | None = None

    @classmethod
    def from_project(cls, project: Project) -> Config:
        """Read the table. Raises `PyprojectInvalid` with all that is wrong in it."""
        table = project.table.get("tool", {}).get("seatrial", {})
        wrong = list(_mistakes(table))
        if wrong:
            raise PyprojectInvalid(
                f"[tool.seatrial] in {project.path}: " + "; ".join(wrong),
                fix="the keys are " + ", ".join(CONFIG_KEYS) + ": see docs/settings.md",
            )
        return cls(
            branch=table.get("branch") or None,
            tag=table.get("tag") or None,
            message=table.get("message"),
            through=table.get("through", cls.through),
            release_branch=table.get("release-branch") or None,
            parts={**PART_OF_KIND, **table.get("parts", {})},
            lock=tuple(tuple(command) for command in table.get("lock", ())),
            pass_env=passed_variables(project.table),
            publisher=table.get("publisher", {}),
            index=f"{table['index'].rstrip('/')}/" if table.get("index") else None,
            ignore=dict(table.get("ignore", {})),
            workflows=CiSettings.from_table(table.get("workflows", {})),
            changelog=ChangelogConfig.from_table(table.get("changelog", {})),
            scheme=table.get("scheme"),
        )


def passed_variables(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return ``pass-env`` of a pyproject.toml, none where it is written wrong."""
    names = table.get("tool", {}).get("seatrial", {}).get("pass-env", [])
    return tuple(names) if _are_texts(names) else ()


def _mistakes(table: Any) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"has to be a table, not {table!r}"
        return
    yield from (f"unknown key {key!r}" for key in table if key not in CONFIG_KEYS)
    yield from _mistakes_in_texts(table)
    parts = table.get("parts", {})
    if not isinstance(parts, dict):
        yield f"parts has to be a table, not {parts!r}"
    else:
        yield from (f"parts.{kind} has to be one of {', '.join(PARTS)}" for kind in parts if parts[kind] not in PARTS)
    lock = table.get("lock", [])
    if not isinstance(lock, list) or not all(command and _are_texts(command) for command in lock):
        yield 'lock has to be a list of commands, each a list of strings: lock = [["pdm", "lock"]]'
    if not _are_texts(table.get("pass-env", [])):
        yield f'pass-env has to be a list of names, pass-env = ["DATABASE_PASSWORD"], not {table["pass-env"]!r}'
    publisher = table.get("publisher", {})
    if not isinstance(publisher, dict):
        yield f"publisher has to be a table, not {publisher!r}"
    else:
        yield from (f"publisher has no key {key!r}" for key in publisher if key not in PUBLISHER_KEYS)
        yield from (f"publisher.{key} has to be a string" for key in publisher if not isinstance(publisher[key], str))
    index = table.get("index", "")
    if isinstance(index, str) and index and not re.match(r"https?://[^/]", index):
        yield f"index has to be an address of a simple API, https://…/simple/, not {redact(index)!r}"
    elif isinstance(index, str) and re.search(r"/legacy/*$", index):
        yield f"index has to be where the index is read, https://…/simple/; {redact(index)} is where files are uploaded"
    yield from _mistakes_in_ignore(table.get("ignore", {}))
    yield from mistakes_in_ci_settings(table.get("workflows", {}))
    if table.get("scheme", CALVER) != CALVER:
        yield f'scheme has to be "calver", not {table["scheme"]!r}'
    yield from _mistakes_in_changelog(table.get("changelog", {}))


def _mistakes_in_texts(table: Mapping[str, Any]) -> Iterator[str]:
    for key in ("name", "branch", "tag", "message", "release-branch", "index"):
        if not isinstance(table.get(key, ""), str):
            yield f"{key} has to be a string, not {table[key]!r}"
        elif key in {"tag", "message", "release-branch"} and key in table:
            yield from _mistakes_in_template(key, table[key])
    if table.get("through", "push") not in THROUGH:
        yield f"through has to be one of {', '.join(THROUGH)}, not {table['through']!r}"


def _mistakes_in_template(key: str, template: str) -> Iterator[str]:
    try:
        fields = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError:
        fields = [("", "", None, None)]
    # An attribute, a width or a conversion would apply to a version, which has none.
    if any(name not in {"version", "name"} or form or conversion for _, name, form, conversion in fields):
        yield f"{key} takes {{version}} and {{name}} alone, not {template!r}"
    elif key in {"tag", "release-branch"} and all(name != "version" for _, name, _, _ in fields):
        yield f"{key} has to have {{version}} in it: {template!r}"
    elif key in {"tag", "release-branch"} and NO_REF.search(template.format(version="1", name="x")):
        yield f"{key} has to be a name that git takes (git help check-ref-format), not {template!r}"


NO_REF = re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[/-]|[/.]$|\.lock(?:/|$)|(?:^|/)\.",
)
"""What the name of a branch or a tag can't have (git, "check-ref-format")."""


def _mistakes_in_ignore(ignore: object) -> Iterator[str]:
    if not isinstance(ignore, dict):
        yield f"ignore has to be a table of codes and reasons, not {ignore!r}"
        return
    for code, reason in ignore.items():
        if not CODE.fullmatch(code):
            yield f"ignore.{code} is not the code of a check, such as DIST206"
        elif not isinstance(reason, str) or not reason.strip():
            yield f"ignore.{code} has to say the reason why, not {reason!r}"
