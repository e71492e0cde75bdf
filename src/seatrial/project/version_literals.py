"""Versions that a module of Python assigns: strings, numbers in brackets, and calls and functions that lead to them."""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from seatrial.project.changelog_entries import BYTE_ORDER_MARK
from seatrial.project.config_files import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True)
class VersionLiteral:
    """A version in a text: ``start`` and ``end`` are the offsets of its signs, without quotes and brackets.

    ``version``: ``1.2.3``, also for the numbers ``1, 2, 3``. ``separator``: what is between two numbers, None for a
    string.
    """

    start: int
    end: int
    version: str
    separator: str | None = None


QUOTE = re.compile(r"[uU]?(?P<quote>\"\"\"|'''|[\"'])")

PART = re.compile(r"_*(?:version_?)?(?P<part>major|minor|patch|micro)_*", re.IGNORECASE)
WHOLE = re.compile(r"_*version_?(?:info|tuple)?_*", re.IGNORECASE)
"""Names of a number of a version, and of all of its numbers."""

PARTS = ("major", "minor", "patch")


@dataclass(frozen=True)
class _Source:
    """A module: its ``text``, with LF for its line ends, and what it assigns to each name."""

    text: str
    tree: ast.Module

    @functools.cached_property
    def values(self) -> dict[str, list[ast.expr]]:
        """What is assigned to each name, and what each function returns."""
        values: dict[str, list[ast.expr]] = {}
        for name, value in _assignments(self.tree):
            values.setdefault(name, []).append(value)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                returned = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)
                values.setdefault(node.name, []).extend(returned)
        return values

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines, as Python counts them."""
        return self.text.split("\n")

    def offset(self, line: int, column: int) -> int:
        """Return the place of a column, which counts bytes, in the text."""
        before = sum(len(text) + 1 for text in self.lines[: line - 1])
        return before + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr) -> tuple[int, int]:
        """Return the offsets of the beginning and the end of an expression."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column)


def find_literal(text: str, expression: str) -> VersionLiteral | None:
    """Return the only literal that an expression, such as a name, leads to in a module; None where there are others."""
    source, tree = _source(text.lstrip(BYTE_ORDER_MARK)), parse_module(expression)
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
    literals = set(_of_names(source, names)) if source else set()
    if len(literals) != 1:
        return None
    literal, marks = literals.pop(), len(text) - len(text.lstrip(BYTE_ORDER_MARK))
    return replace(literal, start=literal.start + marks, end=literal.end + marks)


def old_lines(text: str, old: Version, new: Version) -> Iterator[int]:
    """Yield the lines, counted from 1, that assign the numbers of a version which ``new`` changes."""
    tree = parse_module(text.lstrip(BYTE_ORDER_MARK))
    for name, value in _assignments(tree) if tree else ():
        part, numbers = PART.fullmatch(name), tuple(_numbers(value))
        first = PARTS.index(part["part"].lower().replace("micro", "patch")) if part else 0
        span = slice(first, first + (1 if part else len(PARTS)))
        is_whole = WHOLE.fullmatch(name) and len(numbers) > 1
        numbers = numbers[: span.stop - span.start]
        span = slice(first, first + len(numbers))
        if (is_whole or (part and numbers)) and numbers == _three(old)[span] != _three(new)[span]:
            yield value.lineno


def _three(version: Version) -> tuple[int, ...]:
    return (version.major, version.minor, version.micro)


def _numbers(value: ast.expr) -> Iterator[int]:
    """Yield the numbers that an expression begins with: itself, or its items, arguments, or the text of a version."""
    items = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value]
    if isinstance(value, ast.Call):
        items = [*value.args, *(keyword.value for keyword in value.keywords)]
    for item in items:
        content = item.value if isinstance(item, ast.Constant) else None
        if isinstance(content, str) and len(items) == 1 and is_long_version(content):
            yield from _three(Version(content))
        elif isinstance(content, (int, str)) and not isinstance(content, bool) and str(content).isdecimal():
            yield int(content)
        else:
            return


def is_long_version(text: str) -> bool:
    """Whether a text is a version of more than one number."""
    try:
        return len(Version(text).release) > 1
    except InvalidVersion:
        return False


def _source(text: str) -> _Source | None:
    tree = parse_module(text)
    return _Source(text, tree) if tree else None


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a module assigns to, and the values; of ``a, b = 1, 2`` each its own."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts))
                yield from ((name.id, value) for name, value in pairs if isinstance(name, ast.Name))


def _of_names(source: _Source, names: Iterable[str]) -> Iterator[VersionLiteral]:
    """Yield the literals that names lead to, over other names, each of which is followed once."""
    waiting, followed = list(names), set[str]()
    while waiting:
        name = waiting.pop()
        values = source.values.get(name, ()) if name not in followed else ()
        # Of several values, such as one to fall back on, the place that counts is not clear.
        for node in _pieces(values[0]) if len(values) == 1 else ():
            if isinstance(node, ast.Name):
                waiting.append(node.id)
            elif literal := _literal(source, node):
                yield literal
        followed.add(name)


def _pieces(value: ast.AST) -> Iterator[ast.AST]:
    """Yield the names and literals in an expression, but not those that are only a piece of what it makes."""
    if isinstance(value, (ast.Name, ast.Constant, ast.Tuple, ast.List)):
        yield value
    elif isinstance(value, ast.BinOp):
        is_format = isinstance(value.op, ast.Mod) and isinstance(value.left, ast.Constant)
        yield from _pieces(value.right) if is_format else ()
    elif not isinstance(value, (ast.JoinedStr, ast.Subscript)):
        for node in ast.iter_child_nodes(value):
            yield from _pieces(node)


def _literal(source: _Source, node: ast.AST) -> VersionLiteral | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_long_version(node.value):
        start, end = source.span(node)
        quote = QUOTE.match(source.text, start, end)
        if quote and source.text[quote.end() : end] == node.value + quote["quote"]:
            return VersionLiteral(quote.end(), end - len(quote["quote"]), node.value)
    if isinstance(node, (ast.Tuple, ast.List)) and node.elts and isinstance(node.elts[0], ast.Constant):
        version = ".".join(str(item.value) if isinstance(item, ast.Constant) else "" for item in node.elts)
        if isinstance(node.elts[0].value, int) and is_long_version(version):
            spans = [source.span(item) for item in node.elts]
            return VersionLiteral(spans[0][0], spans[-1][1], version, source.text[spans[0][1] : spans[1][0]])
    return None
