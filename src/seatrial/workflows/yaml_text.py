"""Writes data as YAML, with comments: every value is quoted where it would mean something else."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Commented:
    """A text with a comment behind it."""

    text: str
    comment: str

    @classmethod
    def from_pin(cls, pin: str) -> Commented:
        """Return an action with its version in the comment."""
        action, _, version = pin.partition(" # ")
        return cls(action, version)


COMMENT = re.compile(r"__comment(\d+)__$", re.MULTILINE)


def yaml_text(value: object) -> str:
    """Return data as YAML: tables as blocks, lists of words in one line, texts of several lines as they are."""
    # Only what writes the files of CI needs it.
    import yaml  # noqa: PLC0415

    comments: list[str] = []

    class Dumper(yaml.SafeDumper):
        """A dumper that indents lists in tables, and refers to nothing twice."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
            super().increase_indent(flow, indentless=False)

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def commented(dumper: Any, value: Commented) -> Any:
        # The library writes no comments: a mark holds the place of each.
        comments.append(value.comment)
        return dumper.represent_str(f"{value.text}__comment{len(comments) - 1}__")

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style="|" if "\n" in value else None)

    def sequence(dumper: Any, value: list[Any]) -> Any:
        is_plain = all(isinstance(item, str) and not re.search(r"\s", item) for item in value)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=is_plain)

    def nothing(dumper: Any, _: None) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:null", "")

    Dumper.add_representer(type(None), nothing)
    Dumper.add_representer(Commented, commented)
    Dumper.add_representer(str, text)
    # What was read from TOML are texts of a class of its own.
    Dumper.add_multi_representer(str, text)
    Dumper.add_representer(list, sequence)
    written = yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=False
    )
    return COMMENT.sub(lambda mark: f" # {comments[int(mark[1])]}", written)


def yaml_sections(table: Mapping[str, object], *, indent: int = 0) -> str:
    """Return a table as YAML, with a blank line between its keys."""
    parts = (yaml_text({key: value}) for key, value in table.items())
    return textwrap.indent("\n".join(parts), " " * indent)
