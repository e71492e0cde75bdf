"""What ``[tool.seatrial]`` says: the few things that no other tool of the project is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from string import Formatter
from typing import TYPE_CHECKING, Any

from seatrial.errors import PyprojectInvalid
from seatrial.facts import ci_settings
from seatrial.facts.ci_settings import CiSettings
from seatrial.facts.versions import KINDS, PARTS
from seatrial.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.facts.project import Project

KEYS = ("name", "branch", "tag", "message", "parts", "lock", "publisher", "index", "ignore", "workflows")
PUBLISHER_KEYS = ("owner", "repository", "workflow", "environment")

CODE = re.compile(r"(CI|DIST|GIT|INDEX|META)\d{3}")
"""What the code of a check looks like."""


@dataclass(frozen=True)
class Config:
    """The settings of a project; an empty table, and none at all, are valid.

    ``name``, that of a project whose setup.py computes it, is read with the project's other metadata.
    ``branch``: the one that releases are made from, "" for the remote's default; ``tag`` and ``message``: that of the
    tag's name and of the release commit, with ``{version}`` and ``{name}`` in them, ``tag`` "" for the form of the tags
    that there are; ``parts``: which part of the version each type of fragment asks for; ``lock``: commands, each a
    tuple of arguments, that refresh lock files after the version was raised; ``publisher``: what is registered on the
    index as the trusted publisher, where that is not what the remote and the workflow say; ``index``: the address of
    the simple API of the index that is published to, "" for the one that pip installs from; ``ignore``: codes of
    checks, and the reason why each does not hold here; ``workflows``: what CI is told.
    """

    branch: str = ""
    tag: str = ""
    message: str = "Release {version}"
    parts: Mapping[str, str] = field(default_factory=lambda: KINDS)
    lock: tuple[tuple[str, ...], ...] = ()
    publisher: Mapping[str, str] = field(default_factory=dict)
    index: str = ""
    ignore: Mapping[str, str] = field(default_factory=dict)
    workflows: CiSettings = field(default_factory=CiSettings)

    @classmethod
    def from_project(cls, project: Project) -> Config:
        """Read the table. Raises `PyprojectInvalid` with all that is wrong in it."""
        table = project.table.get("tool", {}).get("seatrial", {})
        wrong = list(_mistakes(table))
        if wrong:
            raise PyprojectInvalid(
                f"[tool.seatrial] in {project.path}: " + "; ".join(wrong),
                fix="the keys are " + ", ".join(KEYS) + ": see docs/settings.md",
            )
        return cls(
            branch=table.get("branch", ""),
            tag=table.get("tag", ""),
            message=table.get("message", cls.message),
            parts={**KINDS, **table.get("parts", {})},
            lock=tuple(tuple(command) for command in table.get("lock", ())),
            publisher=table.get("publisher", {}),
            index=_as_folder(table.get("index", "")),
            ignore=dict(table.get("ignore", {})),
            workflows=CiSettings.from_table(table.get("workflows", {})),
        )


def _as_folder(url: str) -> str:
    return f"{url.rstrip('/')}/" if url else ""


def _mistakes(table: Any) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"has to be a table, not {table!r}"
        return
    yield from (f"there is no key {key!r}" for key in table if key not in KEYS)
    for key in ("name", "branch", "tag", "message", "index"):
        if not isinstance(table.get(key, ""), str):
            yield f"{key} has to be a string, not {table[key]!r}"
        elif key in {"tag", "message"} and key in table:
            yield from _mistakes_in_template(key, table[key])
    parts = table.get("parts", {})
    if not isinstance(parts, dict):
        yield f"parts has to be a table, not {parts!r}"
    else:
        yield from (f"parts.{kind} has to be one of {', '.join(PARTS)}" for kind in parts if parts[kind] not in PARTS)
    lock = table.get("lock", [])
    if not isinstance(lock, list) or not all(_is_command(command) for command in lock):
        yield 'lock has to be a list of commands, each a list of strings: lock = [["pdm", "lock"]]'
    publisher = table.get("publisher", {})
    if not isinstance(publisher, dict):
        yield f"publisher has to be a table, not {publisher!r}"
    else:
        yield from (f"publisher has no key {key!r}" for key in publisher if key not in PUBLISHER_KEYS)
        yield from (f"publisher.{key} has to be a string" for key in publisher if not isinstance(publisher[key], str))
    index = table.get("index", "")
    if isinstance(index, str) and index and not re.match(r"https?://[^/]", index):
        yield f"index has to be an address of a simple API, https://…/simple/, not {mask(index)!r}"
    yield from _mistakes_in_ignore(table.get("ignore", {}))
    yield from ci_settings.mistakes(table.get("workflows", {}))


def _mistakes_in_template(key: str, template: str) -> Iterator[str]:
    try:
        fields = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError:
        fields = [("", "", None, None)]
    # An attribute, a width or a conversion would be one of a version, which knows none.
    if any(name not in {"version", "name"} or form or conversion for _, name, form, conversion in fields):
        yield f"{key} takes {{version}} and {{name}} alone, not {template!r}"
    elif key == "tag" and all(name != "version" for _, name, _, _ in fields):
        yield f"tag has to have {{version}} in it: {template!r}"


def _mistakes_in_ignore(ignore: object) -> Iterator[str]:
    if not isinstance(ignore, dict):
        yield f"ignore has to be a table of codes and reasons, not {ignore!r}"
        return
    for code, reason in ignore.items():
        if not CODE.fullmatch(code):
            yield f"ignore.{code} is no code of a check, such as DIST206"
        elif not isinstance(reason, str) or not reason.strip():
            yield f"ignore.{code} has to say the reason why, not {reason!r}"


def _is_command(command: object) -> bool:
    return isinstance(command, list) and bool(command) and all(isinstance(word, str) for word in command)
