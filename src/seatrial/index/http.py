"""Requests to an index: with a limit of size, and again only where that can help.

It is loaded when an index is asked: requests takes as long to load as all of git's work for a release.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import InvalidHeader, ReadTimeoutError
from urllib3.util import Retry

from seatrial import __version__
from seatrial.errors import IndexUnreachable
from seatrial.index.destination import LOOPBACK
from seatrial.redaction import redact, redact_address

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self
    from urllib3.connectionpool import ConnectionPool
    from urllib3.response import BaseHTTPResponse


AGENT = f"seatrial/{__version__}"

CONNECT_TIMEOUT = 5
"""Seconds until a server has to be reached at all."""

RETRIES = 3
"""How many times a request is made again, after half a second, one and two, or as long as the server asks for."""

LONGEST_PAUSE = 30
"""Seconds of a pause that a server may ask for (RFC 9110, Retry-After)."""

TRANSIENT = frozenset((429, *range(500, 600)))
"""The statuses of a server that has too much to do, or a fault of its own."""

LARGEST_PAGE = 100 << 20
"""How much of an answer is read, in bytes; the largest of PyPI's have some."""

NETWORK_FIXES = (
    (
        re.compile(r"certificate|SSL", re.IGNORECASE),
        "have the certificate of the server, or of the proxy in between, trusted: REQUESTS_CA_BUNDLE=FILE",
    ),
    (re.compile(r"proxy", re.IGNORECASE), "correct HTTPS_PROXY, or leave the server out of it: NO_PROXY=HOST"),
    (
        re.compile(r"resolve|name or service|unreachable|refused", re.IGNORECASE),
        "go online, or correct the address: no server answers there",
    ),
    (re.compile(r"\b(401|403) "), "put user and password into the address of the index, or into ~/.netrc"),
)
"""What an exception says, and what to do about it."""


@dataclass(frozen=True)
class Page:
    """A page: its address after redirections, the content type that it states, and its content."""

    url: str
    kind: str
    content: bytes


class TransientOnly(Retry):
    """Asks again for a lost connection and a `TRANSIENT` status, not for what is out of reach or takes too long."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Raise what takes too long: it would take as long again."""
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the pause that a server asks for, but no longer one than `LONGEST_PAUSE`; None for one of no form."""
        try:
            seconds = super().get_retry_after(response)
        except InvalidHeader:
            return None
        # Zero would be taken for no answer.
        return None if seconds is None else min(max(seconds, 0.001), LONGEST_PAUSE)


RETRY = TransientOnly(
    total=None,
    connect=0,
    read=RETRIES,
    status=RETRIES,
    other=0,
    status_forcelist=TRANSIENT,
    backoff_factor=0.5,
    raise_on_status=False,
)


def get_page(url: str, headers: Mapping[str, str], patience: float) -> Page | None:
    """Return a page, None for status 404; ``patience``: the seconds that each answer may take.

    Raises `IndexUnreachable`, also for any other status of 400 or more, and for an answer without an end.
    """
    try:
        with requests.Session() as session:
            # A server on this machine is not behind a proxy.
            session.trust_env = not url.startswith(LOOPBACK)
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=RETRY))
            timeouts = (min(CONNECT_TIMEOUT, patience), patience)
            agent = {**headers, "User-Agent": AGENT}
            with session.get(url, headers=agent, timeout=timeouts, stream=True) as response:
                if response.status_code == requests.codes.not_found:
                    return None
                response.raise_for_status()
                return Page(response.url, response.headers.get("Content-Type", ""), _read_limited(response, patience))
    except (requests.RequestException, ValueError) as error:
        what = redact_address(f"{url} does not answer: {_error_text(error)}", url)
        signs = f"{type(error).__name__} {error}"
        fix = next((fix for sign, fix in NETWORK_FIXES if sign.search(signs)), "try again later")
        raise IndexUnreachable(what, fix=fix) from None


def _read_limited(response: requests.Response, patience: float) -> bytes:
    """Return the content of an answer, which may be without end. Raises `requests.RequestException`."""
    content, end = bytearray(), time.monotonic() + patience
    for piece in response.iter_content(1 << 20):
        content += piece
        if len(content) > LARGEST_PAGE:
            raise requests.RequestException(f"the answer is larger than {LARGEST_PAGE >> 20} MiB")
        if time.monotonic() > end:
            raise requests.RequestException(f"the answer was not complete after {patience:g} s")
    return bytes(content)


def _error_text(error: Exception) -> str:
    """Return what an exception says, without the objects and numbers of the libraries below."""
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", None) or cause
    text = str(cause)
    if "proxy" in type(error).__name__.lower():
        # Below it, as the text of an object, is what kept the proxy from answering.
        why = re.search(r"Tunnel connection failed: ([^'\"(]*)|\[Errno -?\d+\] ([^'\")]*)", text)
        return redact(f"the proxy: {(why[1] or why[2]).strip() if why else 'it is out of reach'}")
    if isinstance(cause, Exception) and len(cause.args) > 1 and isinstance(cause.args[0], str):
        # It is rendered as the tuple of its arguments; the first says what happened.
        text = cause.args[0]
    return redact(
        re.sub(
            r"^.*\): |^<[^>]*>: |\[Errno -?\d+\] | \(.*\)$|Failed to establish a new connection: | for url: \S+$",
            "",
            text,
        )
    )
