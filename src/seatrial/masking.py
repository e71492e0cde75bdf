"""Keeping secrets out of whatever is shown, raised or kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRETS = (
    re.compile(r"pypi-(AgE[A-Za-z0-9_-]{13,}|[A-Za-z0-9_-]{85,})"),
    re.compile(r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}"),
    re.compile(r"(?<=://)[^/\s:@]*:(?!\d+/)[^\s]+(?=@)"),
    re.compile(r"(?<=://)[^/\s:@]{16,}(?=@)"),
)
"""What a secret looks like: tokens of PyPI, JSON web tokens, tokens of GitHub and GitLab, user:password in a URL."""


SHORTEST = 6
"""Letters of the shortest text that is taken for a secret: a shorter one stands in other words too."""


def mask_values(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without secrets that are known by their value, and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "***")
    return mask(text)


def mask(text: str) -> str:
    """Return ``text``, fit to be printed, with everything that looks like a secret replaced by ``***``."""
    text = text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")
    for secret in SECRETS:
        text = secret.sub("***", text)
    return text
