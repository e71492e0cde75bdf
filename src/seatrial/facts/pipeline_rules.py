"""Whether a job of a pipeline runs for a tag: its ``rules``, or ``only`` and ``except``.

GitLab, "CI/CD YAML syntax reference", "CI/CD rules", and "CI/CD variable expressions".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.facts.pipeline_text import FILE, invalid, table_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VARIABLE = re.compile(r"\$(?:\$|(?P<name>\w+)|\{(?P<braced>\w+)\})")

TOKEN = re.compile(
    r"""\s*(?:(?P<sign>\|\||&&|==|!=|=~|!~|[()])|\$\{?(?P<variable>\w+)\}?|"(?P<double>[^"]*)"|'(?P<single>[^']*)'"""
    r"""|(?P<null>null\b)|/(?P<pattern>(?:\\.|[^/\\])+)/(?P<flags>[ims]*))"""
)

FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}

FOR_TAGS = ("tags", "pushes")
"""The words of ``only`` and ``except`` that a pushed tag is meant by."""

NEVER = "never"


@dataclass(frozen=True)
class Start:
    """When a job starts, in a word of GitLab: ``on_success``, ``manual``, ``never``…; the variables that it gets."""

    when: str = "on_success"
    variables: tuple[tuple[str, str], ...] = ()


ALWAYS = Start()


def start_of(job: Mapping[str, Any], rules: Iterable[object] | None, variables: Mapping[str, str]) -> Start:
    """Return when a job starts; ``rules``: its own, None where it has none. Raises `PipelineInvalid`."""
    when = str(job.get("when", "on_success"))
    if rules is not None:
        return first_rule(rules, variables, when) or Start(NEVER)
    is_meant = _chooses(job.get("only", ["branches", "tags"]), variables)
    is_left_out = "except" in job and _chooses(job["except"], variables)
    return Start(when if is_meant and not is_left_out else NEVER)


def first_rule(rules: Iterable[object], variables: Mapping[str, str], when: str = "on_success") -> Start | None:
    """Return what the first rule says that holds, None where none does. Raises `PipelineInvalid`.

    ``changes`` holds for every tag (GitLab, "rules:changes"); whether a file ``exists`` is not asked.
    """
    for rule in map(table_in, rules):
        if "if" not in rule or holds(str(rule["if"]), variables):
            return Start(str(rule.get("when", when)), texts(rule.get("variables")))
    return None


def texts(told: object) -> tuple[tuple[str, str], ...]:
    """Return the variables of a table; one may have a description beside its value."""
    table = table_in(told)
    found = {name: one.get("value", "") if isinstance(one, dict) else one for name, one in table.items()}
    return tuple((str(name), value) for name, value in found.items() if isinstance(value, str))


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with the values of variables in their places, as GitLab has it; "" for one that is not known."""

    def value(found: re.Match[str]) -> str:
        name = found["name"] or found["braced"]
        return variables.get(name, "") if name else "$"

    return VARIABLE.sub(value, text)


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether an expression is true. Raises `PipelineInvalid` for one that can't be read."""
    reader = _Reader(expression, _tokens(expression), variables)
    value = reader.any()
    if reader.left:
        raise _unreadable(expression)
    return bool(value)


def _unreadable(expression: str) -> Exception:
    return invalid(f"a rule of {FILE} can't be read: {expression}", "if: $CI_COMMIT_TAG =~ /^v[0-9]/")


def _tokens(expression: str) -> list[re.Match[str]]:
    found, at = [], 0
    while expression[at:].strip():
        token = TOKEN.match(expression, at)
        if token is None:
            raise _unreadable(expression)
        found.append(token)
        at = token.end()
    return found


@dataclass
class _Reader:
    """Reads an expression from the left; ``left``: what has not been read."""

    expression: str
    left: list[re.Match[str]]
    variables: Mapping[str, str]

    def any(self) -> object:
        """Read what ``||`` joins."""
        value = self.all()
        while self._takes("||"):
            other = self.all()
            value = value or other
        return value

    def all(self) -> object:
        """Read what ``&&`` joins."""
        value = self._compared()
        while self._takes("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> object:
        if self._takes("("):
            value = self.any()
            if not self._takes(")"):
                raise _unreadable(self.expression)
            return value
        value = self._value()
        for sign in ("==", "!="):
            if self._takes(sign):
                return (value == self._value()) == (sign == "==")
        for sign in ("=~", "!~"):
            if self._takes(sign):
                return self._matches(value, self._value()) == (sign == "=~")
        return value

    def _matches(self, value: object, pattern: object) -> bool:
        if isinstance(pattern, str):
            # A variable may hold a pattern.
            found = TOKEN.fullmatch(pattern)
            pattern = self._pattern(found) if found and found["pattern"] else None
        return isinstance(value, str) and isinstance(pattern, re.Pattern) and bool(pattern.search(value))

    def _value(self) -> object:
        token = self.left.pop(0) if self.left else None
        if token is None or token["sign"]:
            raise _unreadable(self.expression)
        if token["variable"]:
            return self.variables.get(token["variable"])
        if token["pattern"]:
            return self._pattern(token)
        return None if token["null"] else token["double"] or token["single"] or ""

    def _pattern(self, token: re.Match[str]) -> re.Pattern[str]:
        flags = re.RegexFlag(0)
        for sign in token["flags"]:
            flags |= FLAGS[sign]
        try:
            return re.compile(token["pattern"], flags)
        except re.error:
            raise _unreadable(self.expression) from None

    def _takes(self, sign: str) -> bool:
        if self.left and self.left[0]["sign"] == sign:
            del self.left[0]
            return True
        return False


def _chooses(told: object, variables: Mapping[str, str]) -> bool:
    """Whether ``only`` or ``except`` means the tag."""
    table = table_in(told)
    refs = table.get("refs", ["branches", "tags"]) if isinstance(told, dict) else told
    conditions = table.get("variables", [])
    chosen = any(_is_meant(str(one), variables) for one in (refs if isinstance(refs, list) else [refs]))
    conditions = conditions if isinstance(conditions, list) else [conditions]
    return chosen and (not conditions or any(holds(str(one), variables) for one in conditions))


def _is_meant(ref: str, variables: Mapping[str, str]) -> bool:
    pattern = TOKEN.fullmatch(ref)
    if pattern and pattern["pattern"]:
        return holds(f"$CI_COMMIT_TAG =~ {ref}", variables)
    return ref in FOR_TAGS or ref == variables.get("CI_COMMIT_TAG")
