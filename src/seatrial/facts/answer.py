"""An answer with three values: what cannot be known from a file is unknown, and never passes for yes or no."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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
