"""Whether the ``if`` of a GitHub job or step holds when a tag starts its workflow: yes, no or unknown.

GitHub, "Evaluate expressions in workflows and actions". Only what the event and the ref decide is evaluated; all
else is unknown, which is never treated as yes or no.
"""

from __future__ import annotations

import operator
import re
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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
    given = set(answers)
    return next((answer for answer in (Answer.NO, Answer.UNKNOWN) if answer in given), Answer.YES)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return whether one of them holds: one "yes" is enough for "yes"."""
    return all_of(answer.negated for answer in answers).negated


STATUS = {"always": Answer.YES, "success": Answer.YES, "failure": Answer.NO, "cancelled": Answer.NO}
"""What the status functions return in a run in which everything goes well."""

ATOM = re.compile(
    r"(?P<negated>(?:!\s*)*)(?:(?P<status>always|success|failure|cancelled)\(\s*\)"
    r"|(?P<call>startsWith|endsWith|contains)\(\s*github\.(?P<subject>\w+)\s*,\s*'(?P<part>[^']*)'\s*\)"
    r"|github\.(?P<left>\w+)\s*(?P<sign>==|!=)\s*'(?P<right>[^']*)'"
    r"|'(?P<value>[^']*)'\s*(?P<turned>==|!=)\s*github\.(?P<name>\w+)"
    r"|(?P<constant>true|false))",
    re.IGNORECASE,
)

CALLS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}


def condition_holds(condition: str, context: Mapping[str, str]) -> Answer:
    """Return whether an ``if`` holds; "" always does. ``context``: the values of ``github.*`` that are known."""
    text = condition.strip()
    if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
        text = text[3:-2].strip()
    if not text:
        return Answer.YES
    # Where a sign lies within parentheses or a string, the pieces are no atoms, so the answer is unknown.
    return any_of(all_of(_atom(atom, context) for atom in part.split("&&")) for part in text.split("||"))


def _atom(text: str, context: Mapping[str, str]) -> Answer:
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    found = ATOM.fullmatch(text)
    if found is None:
        return Answer.UNKNOWN
    answer = _plain(found, context)
    return answer.negated if found["negated"].count("!") % 2 else answer


def _plain(found: re.Match[str], context: Mapping[str, str]) -> Answer:
    if found["status"]:
        return STATUS[found["status"].lower()]
    if found["constant"]:
        return Answer.of(found["constant"].lower() == "true")
    value = context.get(found["subject"] or found["left"] or found["name"])
    if value is None:
        return Answer.UNKNOWN
    # GitHub ignores case when it compares strings.
    if found["call"]:
        return Answer.of(CALLS[found["call"].lower()](value.lower(), found["part"].lower()))
    is_same = value.lower() == (found["right"] if found["sign"] else found["value"]).lower()
    return Answer.of(is_same == ((found["sign"] or found["turned"]) == "=="))
