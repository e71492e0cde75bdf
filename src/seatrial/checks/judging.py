"""Running checks over facts, in order of need."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from seatrial.findings import Finding, Judgement, Verdict, Weight, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.facts.walk import Unlearned

Facts = TypeVar("Facts", contravariant=True)  # noqa: PLC0105 - it reads better than Facts_contra


class Check(Protocol[Facts]):
    """A check of one kind of facts.

    The docstring of its class is its title, a statement that is true when all is well; that of its method says why it
    matters. ``needs``: the codes of checks without which it makes no sense.
    """

    code: ClassVar[str]
    weight: ClassVar[Weight]
    needs: ClassVar[tuple[str, ...]]

    def check(self, facts: Facts) -> Finding:
        """Say what is the matter with the facts."""


def judge(
    checks: Iterable[Check[Facts]], facts: Facts, *, subject: str = "", excuses: Mapping[str, str] | None = None
) -> tuple[Judgement, ...]:
    """Run every check, in the order given; a check whose need was not met is skipped and says so.

    ``subject``: what the facts are about, such as a file name; ``excuses``: codes that the project ignores, with its
    reasons.
    """
    judged: dict[str, Judgement] = {}
    for one in checks:
        unmet = next((code for code in one.needs if code in judged and not _is_met(judged[code])), "")
        finding = Finding.skipped(f"{unmet} did not pass") if unmet else one.check(facts)
        judged[one.code] = _judgement(one, finding, subject, excuses)
    return tuple(judged.values())


def unlearned(
    checks: Iterable[Check[Any]], unknown: Unlearned, *, subject: str = "", excuses: Mapping[str, str] | None = None
) -> tuple[Judgement, ...]:
    """Say of every check that what it asks for could not be learned, why, and what mends that."""
    finding = Finding.unknown(unknown.reason, unknown.fix)
    return tuple(_judgement(one, finding, subject, excuses) for one in checks)


def _judgement(check: Check[Any], finding: Finding, subject: str, excuses: Mapping[str, str] | None) -> Judgement:
    return Judgement(
        code=check.code,
        title=title(check),
        why=why(check),
        weight=check.weight,
        finding=replace(finding, seen=printable(finding.seen), fix=printable(finding.fix)),
        subject=printable(subject),
        excuse=printable((excuses or {}).get(check.code, "")),
    )


def title(check: Check[Facts]) -> str:
    """Return the title of a check: the first line of its class's docstring."""
    return inspect.cleandoc(type(check).__doc__ or "").partition("\n")[0]


def why(check: Check[Facts]) -> str:
    """Return why a check matters: the docstring of its method."""
    return inspect.cleandoc(type(check).check.__doc__ or "")


def _is_met(judgement: Judgement) -> bool:
    return judgement.finding.verdict is Verdict.PASSED
