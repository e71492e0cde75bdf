"""The web, asked with good manners: nobody is waited for without an end, nor asked again without a pause."""

from __future__ import annotations

import re
import threading
import time
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, TypeVar

from seatrial import __version__
from seatrial.masking import mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from requests import Response

Result = TypeVar("Result")

AGENT = f"seatrial/{__version__}"
PATIENCE = 20
"""Seconds that a server may take to answer."""

REACH = 5
"""Seconds until a server has to be reached at all."""

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each time that a request is made again."""

LONGEST = 30.0
"""Seconds of a pause that a server may ask for (RFC 9110, Retry-After)."""

TOO_MANY = 429
FAULTS = 500
"""The first status that tells of a fault of the server."""

LARGEST = 100 << 20
"""How much of an answer is read, in bytes; the largest of PyPI's have some."""

ENDLESS = "it does not come to an end"

LOOPBACK = "http://127.0.0.1:"

ADVICE = (
    (
        re.compile(r"certificate|SSL", re.IGNORECASE),
        "have the certificate of the server, or of the proxy in between, trusted: REQUESTS_CA_BUNDLE=FILE",
    ),
    (re.compile(r"proxy", re.IGNORECASE), "mend HTTPS_PROXY, or leave the server out of it: NO_PROXY=HOST"),
    (
        re.compile(r"resolve|name or service|unreachable|refused", re.IGNORECASE),
        "go online, or mend the address: nobody answers there",
    ),
    (re.compile(r"\b(401|403) "), "say who asks: user and password in the address of the index, or ~/.netrc"),
)
"""What an exception says, and what mends it."""


@dataclass(frozen=True)
class Page:
    """A page: its address after redirections, what kind it says that it is, and what is in it."""

    url: str
    kind: str
    content: bytes


def get(url: str, headers: Mapping[str, str], patience: float = PATIENCE) -> Page | None:
    """Ask, and ask again when the server is overburdened, has a fault of its own, or the line was lost.

    What is out of reach is not asked twice; ``patience``: the seconds that each answer may take. Returns None for 404.
    Raises `requests.RequestException`, also for any other status of 400 or more, and for an answer that has no end.
    """
    # Only what asks needs it.
    import requests  # noqa: PLC0415

    for pause in (*PAUSES, None):
        answer = _in_time(patience, _ask, url, headers, patience)
        if pause is None or not _may_pass(answer):
            break
        time.sleep(_wished(answer, pause))
    if isinstance(answer, requests.RequestException):
        raise answer
    if isinstance(answer, Page):
        return answer
    if answer.status_code != requests.codes.not_found:
        answer.raise_for_status()
    return None


def aside(function: Callable[..., Result], *args: object) -> Future[Result]:
    """Call a function in a thread that nobody waits for at the end of the program."""
    future: Future[Result] = Future()

    def call() -> None:
        try:
            future.set_result(function(*args))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return future


def _in_time(patience: float, function: Callable[..., Result], *args: object) -> Result:
    """Call a function that asks a server, whose headers and answer may drip without an end.

    No timeout of a socket ends that: each byte is in time. Raises `requests.RequestException`.
    """
    # See get().
    import requests  # noqa: PLC0415

    try:
        return aside(function, *args).result(timeout=2 * patience)
    except futures.TimeoutError:
        raise requests.RequestException(ENDLESS) from None


def _content(answer: Response, patience: float) -> bytes:
    """Read an answer, which may be without end. Raises `requests.RequestException`."""
    # See get().
    import requests  # noqa: PLC0415

    content, end = bytearray(), time.monotonic() + patience
    for piece in answer.iter_content(1 << 20):
        content += piece
        if len(content) > LARGEST or time.monotonic() > end:
            raise requests.RequestException(ENDLESS)
    return bytes(content)


def told(error: Exception) -> str:
    """Return what an exception says, without the objects and numbers of the libraries below."""
    cause = error.args[0] if error.args else error
    said = str(getattr(cause, "reason", None) or cause)
    if "proxy" in type(error).__name__.lower():
        # Below it lies, as the text of an object, what kept the proxy from answering.
        why = re.search(r"Tunnel connection failed: ([^'\"(]*)|\[Errno -?\d+\] ([^'\")]*)", said)
        return mask(f"the proxy: {(why[1] or why[2]).strip() if why else 'it is out of reach'}")
    return mask(
        re.sub(r"^.*\): |\[Errno -?\d+\] | \(.*\)$|Failed to establish a new connection: | for url: \S+$", "", said)
    )


def advice(error: Exception) -> str:
    """Return what mends it."""
    said = f"{type(error).__name__} {error}"
    return next((fix for sign, fix in ADVICE if sign.search(said)), "try again later")


def _ask(url: str, headers: Mapping[str, str], patience: float) -> Page | Response | requests.RequestException:
    """Return the page, a refusal, or how the line was lost. Raises any other exception of requests."""
    # See get().
    import requests  # noqa: PLC0415

    with requests.Session() as session:
        # A server on this machine is not behind a proxy.
        session.trust_env = not url.startswith(LOOPBACK)
        answer = _begun(session, url, headers, patience)
        if isinstance(answer, requests.RequestException):
            return answer
        with answer:
            if answer.status_code >= requests.codes.bad_request:
                return answer
            return Page(answer.url, answer.headers.get("Content-Type", ""), _content(answer, patience))


def _begun(
    session: requests.Session, url: str, headers: Mapping[str, str], patience: float
) -> Response | requests.RequestException:
    """Return an answer of which the headers are there, or how the line was lost."""
    # requests depends on it.
    import requests  # noqa: PLC0415
    import urllib3  # noqa: PLC0415

    try:
        return session.get(
            url, headers={**headers, "User-Agent": AGENT}, timeout=(min(REACH, patience), patience), stream=True
        )
    except requests.RequestException as error:
        if error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError):
            return error
        raise


def _may_pass(answer: Page | Response | requests.RequestException) -> bool:
    """Whether asking again can lead to another answer."""
    if isinstance(answer, Page):
        return False
    status = getattr(answer, "status_code", None)
    return status is None or status >= FAULTS or status == TOO_MANY


def _wished(answer: Page | Response | requests.RequestException, pause: float) -> float:
    """Return the pause that a server asks for in seconds, ours where it asks for none."""
    wish = getattr(answer, "headers", {}).get("Retry-After", "")
    return min(float(wish), LONGEST) if wish.isdecimal() else pause
