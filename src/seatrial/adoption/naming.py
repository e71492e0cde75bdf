"""The name of a package that is to be: whether it can be one, and whether somebody has it."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, canonicalize_name

from seatrial.checks.contents import COMMON
from seatrial.checks.description import is_of_python
from seatrial.command_line import typed_to_program
from seatrial.errors import IndexUnreachable, ProjectError
from seatrial.masking import shown_address
from seatrial.tools import index, pip_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Name:
    """A name as indexes compare it, with dashes, and as an import statement has it, with underscores."""

    project: str
    module: str

    @classmethod
    def of(cls, text: str) -> Name:
        """Read what somebody typed. Raises `NameUnfit` with all that is wrong with it."""
        wrong = list(_mistakes(text))
        if wrong:
            raise ProjectError(
                f"{text!r} can't be the name of a package: {'; '.join(wrong)}",
                code="NameUnfit",
                fix="choose another: ASCII letters, digits and dashes, a letter first, such as "
                + typed_to_program("new tide-pool"),
            )
        return cls(canonicalize_name(text), _module(text))


def _mistakes(text: str) -> Iterator[str]:
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        yield "it takes ASCII letters, digits, and - _ . between them (PEP 508)"
        return
    module = _module(text)
    if not module.isidentifier():
        yield f"import {module} is no Python"
    if keyword.iskeyword(module):
        yield f"{module} is a word of Python's grammar"
    if is_of_python(text):
        yield f"{module} is, or once was, a module of Python's standard library, and PyPI takes no project named so"
    elif module in COMMON:
        yield f"{module} is what every project calls a folder of its own"


def _module(text: str) -> str:
    return re.sub(r"[-_.]+", "_", text).lower()


def told(name: Name, environ: Mapping[str, str]) -> str:
    """Return whether the index that pip installs from knows the name: that it can't be asked is nobody's fault."""
    where = pip_settings.index_url(environ)
    try:
        shelf = index.shelf(where, name.project)
    except IndexUnreachable as error:
        return f"whether the name {name.project} is free is unknown: {error.what}"
    if not shelf.project:
        return f"the name {name.project} is free on {shown_address(where)}: the first upload takes it"
    by = index.holder(shelf)
    known = f" (by {by})" if by else ""
    return f"the name {name.project} is taken on {shown_address(where)}{known}: unless it is yours, choose another"
