"""Redaction: secrets are kept out of everything that is shown, raised or stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


SECRETS = (
    re.compile(r"pypi-(AgE[A-Za-z0-9_-]{13,}|[A-Za-z0-9_-]{85,})"),
    re.compile(r"eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{16,}"),
    re.compile(r"(?<=://)[^/\s:@]*:(?!\d+/)[^\s]+(?=@)"),
    re.compile(r"(?<=://)[^/\s:@]{16,}(?=@)|(?<=http://)[^/\s:@]+(?=@)|(?<=https://)[^/\s:@]+(?=@)"),
)
"""What a secret looks like: tokens of PyPI, JSON web tokens, tokens of GitHub and GitLab, user:password in a URL.

Over HTTP, a name without a password is a token as often as not."""

CREDENTIALS = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s:@]*(?::(?!\d+/).*)?)@", re.IGNORECASE | re.DOTALL)
"""What stands in an address before its host, whatever signs are in it that should not be."""

SECRET_VARIABLE = re.compile(r".*(PASSWORD|PASSWD|TOKEN|SECRET|API_?KEY|PRIVATE_?KEY|CREDENTIAL).*", re.IGNORECASE)
"""Names of environment variables that hold a secret."""


SHORTEST_SECRET = 6
"""Letters of the shortest text that is taken for a secret: a shorter one stands in other words too."""


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables that hold a secret, as their names say."""
    return tuple(value for name, value in environ.items() if SECRET_VARIABLE.fullmatch(name))


def redact_address(text: str, address: str) -> str:
    """Return ``text`` without the credentials of an address, also where a library shows a piece of them."""
    found = CREDENTIALS.match(address)
    if not found:
        return redact(text)
    name, colon, password = found[1].partition(":")
    secret = password if colon else name
    pieces = (found[1], secret, *re.split(r"[:/?#@\s]", secret))
    return redact_values(text, {one for piece in pieces for one in (piece, unquote(piece))})


def redacted_address(address: str) -> str:
    """Return an address as it can be shown."""
    return redact_address(address, address)


def without_credentials(address: str) -> str:
    """Return an address that can be typed: without user and password."""
    found = CREDENTIALS.match(address)
    return address[: found.start(1)] + address[found.end() :] if found else address


def redact_values(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` without secrets that are known by their value, and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return redact(text)


def redact(text: str) -> str:
    """Return ``text``, fit to be printed, with everything that looks like a secret replaced by ``***``."""
    text = text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")
    for secret in SECRETS:
        text = secret.sub("***", text)
    return text
