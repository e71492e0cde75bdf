"""Which of the words that a program takes a user may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 3
"""How many words are suggested."""

CLOSE, CLOSE_CODE = 0.6, 0.8
"""The least likeness of a word that is suggested (`difflib.SequenceMatcher.ratio`); codes of checks are all alike."""

MARGIN = 0.15
"""How much less alike than the nearest a word may be that is suggested too."""


def nearest(word: str, choices: Iterable[str], close: float = CLOSE) -> tuple[str, ...]:
    """Return the choices that ``word`` may mean: first those that resemble it, then those that begin with it."""
    # Loaded here because only a mistake takes it.
    from difflib import SequenceMatcher  # noqa: PLC0415

    bare = word.casefold().lstrip("-")
    matcher = SequenceMatcher(b=bare)
    likeness = {}
    for choice in choices:
        matcher.set_seq1(choice.casefold().lstrip("-"))
        likeness[choice] = matcher.ratio()
    begun = [choice for choice in likeness if len(bare) > 1 and choice.casefold().lstrip("-").startswith(bare)]
    best = max(likeness.values(), default=0)
    least = max(close, best - MARGIN) if best < 1 else 1
    alike = [choice for choice, ratio in likeness.items() if ratio >= least]
    alike.sort(key=lambda choice: (-likeness[choice], choice not in begun))
    return tuple(dict.fromkeys((*alike, *begun)))[:MOST]


def did_you_mean(words: Iterable[str]) -> str:
    """Return the question that ends a message, "" without words: ``; did you mean release or rehearse?``."""
    *first, last = tuple(words) or ("",)
    return f"; did you mean {', '.join(first)}{' or ' if first else ''}{last}?" if last else ""
