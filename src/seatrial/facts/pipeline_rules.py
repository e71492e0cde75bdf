"""Whether a pushed tag starts a job of GitLab, where its rules are plain (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from seatrial.facts.answer import Answer, all_of, any_of

if TYPE_CHECKING:
    from collections.abc import Mapping

COMPARED = re.compile(
    r"""\$\{?(?P<name>\w+)\}?(?:\s*(?P<sign>==|!=|=~|!~)\s*(?:(?P<quote>["'])(?P<text>.*?)(?P=quote)|(?P<null>null)"""
    r"""|\$(?P<other>\w+)|/(?P<pattern>(?:\\.|[^/\\])+)/(?P<flags>i?)))?"""
)
"""The plain form of a rule: one variable, compared with a text or a pattern, or not at all."""


def start_of(job: Mapping[str, Any], tag: str) -> Answer:
    """Return whether a tag starts a job: by its rules, or by ``only`` and ``except``. By hand counts too."""
    when = str(job.get("when", ""))
    if "rules" in job:
        return of_rules(job["rules"], tag, when)
    chosen = _means(job["only"], tag) if "only" in job else Answer.YES
    left_out = _means(job["except"], tag) if "except" in job else Answer.NO
    return all_of((_starts(when), chosen, left_out.negated))


def of_rules(rules: object, tag: str, when: str = "") -> Answer:
    """Return whether the first rule that holds starts something; where there are no rules, everything does."""
    if not isinstance(rules, list):
        return Answer.YES if rules is None else Answer.UNKNOWN
    possible: list[Answer] = []
    for rule in rules:
        if not isinstance(rule, dict) or {"changes", "exists"} & set(rule):
            return Answer.UNKNOWN
        is_met = _holds(str(rule["if"]), tag) if "if" in rule else Answer.YES
        if is_met is not Answer.NO:
            possible.append(_starts(str(rule.get("when", when))))
        if is_met is Answer.YES:
            break
    else:
        possible.append(Answer.NO)
    return possible[0] if len(set(possible)) == 1 else Answer.UNKNOWN


def _starts(when: str) -> Answer:
    return Answer.of(when not in {"never", "on_failure"})


def _holds(expression: str, tag: str) -> Answer:
    found = COMPARED.fullmatch(expression.strip())
    values = {"CI_COMMIT_TAG": tag, "CI_COMMIT_REF_NAME": tag, "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": None}
    if found is None or found["name"] not in values:
        return Answer.UNKNOWN
    value, sign = values[found["name"]], found["sign"]
    if sign is None:
        return Answer.of(value)
    if found["pattern"]:
        is_met = _matches(found["pattern"], value, found["flags"])
    elif found["other"]:
        # A tag has no branch, and the default branch has a name.
        is_met = Answer.NO if value is None and found["other"] == "CI_DEFAULT_BRANCH" else Answer.UNKNOWN
    else:
        is_met = Answer.of(value == found["text"])
    return is_met.negated if sign.startswith("!") else is_met


def _matches(pattern: str, value: str | None, flags: str) -> Answer:
    try:
        return Answer.of(value is not None and re.search(pattern, value, re.IGNORECASE if flags else 0))
    except (re.error, OverflowError, RecursionError):
        return Answer.UNKNOWN


def _means(told: object, tag: str) -> Answer:
    """Return whether ``only`` or ``except`` means the tag."""
    refs = told.get("refs") if isinstance(told, dict) and set(told) == {"refs"} else told
    return any_of(_is_ref_of(one, tag) for one in (refs if isinstance(refs, list) else [refs]))


def _is_ref_of(ref: object, tag: str) -> Answer:
    if not isinstance(ref, str):
        return Answer.UNKNOWN
    pattern = re.fullmatch(r"/(.+)/(i?)", ref)
    if pattern:
        return _matches(pattern[1], tag, pattern[2])
    is_plain = re.fullmatch(r"[\w./-]+", ref)
    return Answer.of(ref in {"tags", "pushes", tag}) if is_plain else Answer.UNKNOWN
