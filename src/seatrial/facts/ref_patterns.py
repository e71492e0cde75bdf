"""The patterns by which a workflow chooses tags and branches.

GitHub, "Workflow syntax for GitHub Actions", filter pattern cheat sheet: ``*`` and ``**`` (over ``/`` too), ``?`` and
``+`` for the character before, ``[]`` for one of several, ``!`` at the beginning for what is not meant after all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TOKEN = re.compile(r"\*\*|[*?+]|\[[^\]]+\]|\\?.", re.DOTALL)
MEANING = {"**": ".*", "*": "[^/]*", "?": "?", "+": "+"}


def matches(patterns: Iterable[str], ref: str) -> bool:
    """Whether a name is among those that patterns choose; the last pattern that fits decides."""
    chosen = False
    for pattern in patterns:
        is_negative = pattern.startswith("!")
        if _expression(pattern[is_negative:]).fullmatch(ref):
            chosen = not is_negative
    return chosen


def _expression(pattern: str) -> re.Pattern[str]:
    parts = TOKEN.findall(pattern)
    told = "".join(_meant(part, before) for part, before in zip(parts, ["", *parts]))
    try:
        return re.compile(told, re.DOTALL)
    except re.error:
        # What means nothing, such as a range from z to a, is meant literally.
        return re.compile(re.escape(pattern))


def _meant(part: str, before: str) -> str:
    if part in MEANING:
        # A sign that counts the character before counts none at the beginning, and no other sign.
        return re.escape(part) if part in "?+" and (not before or before in MEANING) else MEANING[part]
    if part.startswith("["):
        return "[" + part[1:-1].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[") + "]"
    return re.escape(part[-1])
