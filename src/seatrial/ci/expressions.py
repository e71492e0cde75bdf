"""Expressions of GitHub, evaluated as far as it is known what they are about; all else is unknown.

GitHub, "Evaluate expressions in workflows and actions" and "Contexts reference". Unknown is a value, too: what is
compared with it is unknown, and ``false && inputs.deploy`` is false all the same.
"""

from __future__ import annotations

import ast
import functools
import json
import math
import operator
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Callable, Union


class Answer(Enum):
    """Whether something holds."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, holds: object) -> Answer:
        """Return the answer for a truth value that is known."""
        return cls.YES if holds else cls.NO

    @property
    def negated(self) -> Answer:
        """The answer to the opposite question."""
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, self)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return whether all of them hold: one "no" is enough for "no"."""
    distinct = set(answers)
    return next((answer for answer in (Answer.NO, Answer.UNKNOWN) if answer in distinct), Answer.YES)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return whether one of them holds: one "yes" is enough for "yes"."""
    return all_of(answer.negated for answer in answers).negated


@dataclass(frozen=True)
class Unknown:
    """A value that is not known; of some it is known whether they count as true."""

    truth: Answer = Answer.UNKNOWN


@dataclass(frozen=True)
class Partial:
    """An object with these values, and perhaps others; a mapping, in contrast, has no others."""

    values: Mapping[str, Value] = field(default_factory=dict)


UNKNOWN = Unknown()

Value = Union[None, bool, float, str, "list[Any]", "Mapping[str, Any]", Partial, Unknown]


@dataclass(frozen=True)
class Context:
    """``values``: of the contexts, such as ``github``; ``succeeded``: whether all that was waited for did."""

    values: Mapping[str, Value] = field(default_factory=dict)
    succeeded: Answer = Answer.YES

    def with_values(self, **values: Value) -> Context:
        """Return the context with these values, too."""
        return Context({**self.values, **values}, self.succeeded)


STATUS_FUNCTIONS = ("always", "success", "failure", "cancelled")


def condition_holds(condition: str | None, context: Context) -> Answer:
    """Return whether an ``if`` holds, None for none; one that names no status function wants success, too."""
    parts = _parts(condition or "")
    texts, nodes = [part for part in parts if isinstance(part, str)], [part for part in parts if callable(part)]
    if not nodes:
        nodes = [_parsed(condition or "")] if condition and condition.strip() else []
        texts = []
    # What surrounds an expression, be it a line end, makes a text of it, and a text that is not empty is true.
    answer = Answer.YES if texts or not nodes else truth(nodes[0](context))
    if any(re.search(rf"\b{name}\s*\(", condition or "", re.IGNORECASE) for name in STATUS_FUNCTIONS):
        return answer
    return all_of((context.succeeded, answer))


def contexts_of(condition: str) -> frozenset[str] | None:
    """Return the names of the contexts in an ``if``, in lower case; None for what GitHub can't read."""
    fenced = FENCED.findall(condition)
    names: set[str] = set()
    for text in fenced or [condition]:
        try:
            tokens = list(_tokens(text))
            _tree(tokens)
        except ExpressionInvalidError:
            return None
        signs = ["", *(sign if kind == "sign" else "" for kind, sign in tokens), ""]
        names |= {
            name.lower()
            for (kind, name), before, after in zip(tokens, signs, signs[2:])
            if kind == "name" and before != "." and after != "("
        }
    return frozenset(names - set(WORDS))


def interpolated(text: str, context: Context) -> str | None:
    """Return a text with the values of its expressions, None where one of them is not known."""
    filled = [part if isinstance(part, str) else _text(part(context)) for part in _parts(text)]
    return None if None in filled else "".join(map(str, filled))


def truth(value: Value) -> Answer:
    """Return whether a value counts as true."""
    if isinstance(value, Unknown):
        return value.truth
    is_scalar = value is None or isinstance(value, (bool, float, str))
    return Answer.of(not is_scalar or (value and value == value))  # noqa: PLR0124 - NaN is not equal to itself


Node = Callable[[Context], Value]
FENCED = re.compile(r"\$\{\{((?:'[^']*'|[^'}]|\}(?!\}))*)\}\}")


def _parts(text: str) -> list[str | Node]:
    """Return the texts and the expressions that a text is made of."""
    parts: list[str | Node] = []
    at = 0
    for match in FENCED.finditer(text):
        parts += [text[at : match.start()]] if match.start() > at else []
        parts.append(_parsed(match[1]))
        at = match.end()
    return [*parts, text[at:]] if at < len(text) else parts


@functools.lru_cache(maxsize=512)
def _parsed(text: str) -> Node:
    try:
        tokens = tuple(_tokens(text))
        return functools.partial(_evaluated, _tree(tokens), tokens)
    except ExpressionInvalidError:
        return lambda _: UNKNOWN


class ExpressionInvalidError(ValueError):
    """GitHub would not take it."""


TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))|'(?P<text>(?:[^']|'')*)'"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|<=|>=|[!<>().,*\[\]]))"
)
Tokens = Sequence[tuple[str, str]]

PYTHON = {"&&": "and", "||": "or", "!": "~", "*": "every"}
"""The signs of GitHub that are others in Python, whose operators bind in the same order, ``~`` like ``!``."""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise ExpressionInvalidError
        yield match.lastgroup or "", match[match.lastgroup or 0]
        at = match.end()


def _tree(tokens: Tokens) -> ast.expr:
    """Return an expression as Python reads it, names and values by the numbers of their tokens: ``name0 == text2``.

    Raises `ExpressionInvalidError`.
    """
    words = (
        PYTHON.get(text, text) if kind == "sign" else f"{kind}{place}" for place, (kind, text) in enumerate(tokens)
    )
    source = " ".join(words)
    try:
        tree = ast.parse(source, mode="eval").body
        if ", )" in source or not all(map(_is_of_github, ast.walk(tree))):
            raise ExpressionInvalidError
    except (SyntaxError, RecursionError, MemoryError):
        raise ExpressionInvalidError from None
    return tree


def _is_of_github(node: ast.AST) -> bool:
    """Whether GitHub's grammar has a piece of Python's: no tuples, no lists, and functions are called by name alone."""
    if isinstance(node, ast.Name):
        return node.id != "every"
    if isinstance(node, ast.Attribute):
        return node.attr.startswith(("name", "every"))
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id.startswith("name")
    kinds = (ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Subscript)
    return isinstance(node, (*kinds, ast.boolop, ast.unaryop, ast.cmpop, ast.expr_context))


WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None, "nan": math.nan, "infinity": math.inf}


def _evaluated(tree: ast.expr, tokens: Tokens, context: Context) -> Value:
    try:
        value: Value = _Evaluator(tokens, context).visit(tree)
    except RecursionError:
        return UNKNOWN
    return value


@dataclass(frozen=True)
class _Evaluator(ast.NodeVisitor):
    """Returns the value of each piece of an expression."""

    tokens: Tokens
    context: Context

    def _text(self, word: str) -> str:
        return self.tokens[int(word.lstrip(string.ascii_letters))][1]

    def visit_Name(self, node: ast.Name) -> Value:
        text = self._text(node.id)
        if node.id.startswith("text"):
            return text.replace("''", "'")
        if node.id.startswith("number"):
            return float(int(text, 16)) if "x" in text else float(text)
        return WORDS.get(text.lower(), _item(Partial(self.context.values), text))

    def visit_Attribute(self, node: ast.Attribute) -> Value:
        value: Value = self.visit(node.value)
        return _selected(value) if node.attr == "every" else _item(value, self._text(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> Value:
        return _item(self.visit(node.value), self.visit(node.slice))

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        return _either(map(self.visit, node.values), Answer.YES if isinstance(node.op, ast.Or) else Answer.NO)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Value:
        answer = truth(self.visit(node.operand))
        return UNKNOWN if answer is Answer.UNKNOWN else answer is Answer.NO

    def visit_Compare(self, node: ast.Compare) -> Value:
        value: Value = self.visit(node.left)
        for sign, other in zip(node.ops, node.comparators):
            value = _compared(value, type(sign), self.visit(other))
        return value

    def visit_Call(self, node: ast.Call) -> Value:
        return _called(self._text(ast.unparse(node.func)).lower(), map(self.visit, node.args), self.context)


class Selection(list):  # type: ignore[type-arg]
    """What ``.*`` selects: an item of it is that item of each value (GitHub, "Object filters")."""


def _selected(value: Value) -> Value:
    """Return what ``.*`` selects, which is nothing in what has no items."""
    if value is None or isinstance(value, (bool, float, str)):
        return Selection()
    if isinstance(value, dict):
        return Selection(value.values())
    return Selection(value) if isinstance(value, list) else UNKNOWN


def _item(value: Value, key: Value) -> Value:
    if isinstance(value, Unknown) or isinstance(key, Unknown):
        return UNKNOWN
    if isinstance(value, Selection):
        return Selection(_item(selected, key) for selected in value)
    items = value.values if isinstance(value, Partial) else value
    if isinstance(items, dict) and isinstance(key, str):
        lowered: dict[str, Value] = {name.lower(): item for name, item in items.items()}
        return lowered.get(key.lower(), UNKNOWN if isinstance(value, Partial) else None)
    return UNKNOWN if isinstance(value, list) else None


def _either(values: Iterator[Value], deciding: Answer) -> Value:
    """Return the first value that counts as ``deciding``, or the last: YES for ``||``, NO for ``&&``."""
    value: Value = None
    for value in values:
        answer = truth(value)
        if answer is deciding:
            return value
        if answer is Answer.UNKNOWN:
            others = [truth(other) for other in values]
            return Unknown(deciding if deciding in others else Answer.UNKNOWN)
    return value


def _compared(first: Value, sign: type[ast.cmpop], second: Value) -> Value:
    if not all(value is None or isinstance(value, (bool, float, str)) for value in (first, second)):
        return UNKNOWN
    if isinstance(first, str) and isinstance(second, str):
        return SIGNS[sign](first.lower(), second.lower())
    return SIGNS[sign](_number(first), _number(second))


SIGNS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def _number(value: Value) -> float:
    """Return a value as a number, as GitHub does to compare values of different types."""
    if isinstance(value, str):
        token = TOKEN.fullmatch(value.strip())
        return float(token["number"]) if token and token["number"] and "x" not in value else math.nan if value else 0.0
    return float(value) if isinstance(value, (bool, float)) else 0.0


def _text(value: Value) -> str | None:
    if isinstance(value, float):
        return f"{value:.15g}"
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return value if isinstance(value, str) else None


def _called(name: str, arguments: Iterable[Value], context: Context) -> Value:
    if name in STATUS_FUNCTIONS:
        # The run succeeds, and is not cancelled.
        succeeded = UNKNOWN if context.succeeded is Answer.UNKNOWN else context.succeeded is Answer.YES
        return {"always": True, "success": succeeded}.get(name, False)
    values = list(arguments)
    function = FUNCTIONS.get((name, len(values))) or (_formatted if name == "format" and values else None)
    if function is None or any(isinstance(value, (Unknown, Partial)) for value in values):
        return UNKNOWN
    return function(*values)


def _contains(searched: Value, item: Value) -> Value:
    if isinstance(searched, list):
        answer = any_of(truth(_compared(element, ast.Eq, item)) for element in searched)
        return UNKNOWN if answer is Answer.UNKNOWN else answer is Answer.YES
    return (_text(item) or "").lower() in (_text(searched) or "").lower()


def _formatted(pattern: Value, *values: Value) -> Value:
    """Return a text with values in the places of ``{0}``, ``{1}`` and so on; doubled braces are braces."""
    texts, places = [_text(value) for value in values], FORMAT_PLACE.findall(_text(pattern) or "")
    if not isinstance(pattern, str) or any(place and int(place) >= len(texts) for place in places) or None in texts:
        return UNKNOWN
    return FORMAT_PLACE.sub(lambda match: str(texts[int(match[1])]) if match[1] else match[0][0], pattern)


FORMAT_PLACE = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


def _joined(values: Value, separator: Value = ",") -> Value:
    texts = [_text(value) for value in values] if isinstance(values, list) else [_text(values)]
    return UNKNOWN if None in texts else (_text(separator) or "").join(map(str, texts))


def _from_json(text: Value) -> Value:
    try:
        value: Value = json.loads(text, parse_int=float) if isinstance(text, str) else UNKNOWN
    except (ValueError, RecursionError):
        return UNKNOWN
    return value


FUNCTIONS: Mapping[tuple[str, int], Callable[..., Value]] = {
    ("startswith", 2): lambda text, part: (_text(text) or "").lower().startswith((_text(part) or "").lower()),
    ("endswith", 2): lambda text, part: (_text(text) or "").lower().endswith((_text(part) or "").lower()),
    ("contains", 2): _contains,
    ("fromjson", 1): _from_json,
    ("join", 1): _joined,
    ("join", 2): _joined,
}
"""Those that a condition of a release can need, with the number of their arguments; others are unknown."""
