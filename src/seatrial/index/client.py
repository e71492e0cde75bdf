"""What an index has of a project, read over the JSON form of its simple API (PEP 691, PEP 700, PEP 792).

Requests have a deadline and a size limit; only transient failures are retried.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, TypeVar
from urllib.parse import urljoin

from packaging.utils import canonicalize_name

from seatrial import __version__
from seatrial.distributions.filename import FileName
from seatrial.distributions.metadata import Metadata
from seatrial.errors import IndexUnreachable
from seatrial.project.versions import next_version
from seatrial.redaction import redact, redact_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import requests
    from packaging.version import Version
    from requests import Response

    from seatrial.distributions.distribution import Distribution


@dataclass(frozen=True)
class IndexFile:
    """A file on an index: ``size`` in bytes, ``sha256`` in hexadecimal digits.

    ``uploaded``: with its time zone, None where the index does not tell it; ``metadata``: the address of its core
    metadata (PEP 658), "" where the index does not serve them; ``provenance``: that of its attestations (PEP 740), ""
    for none, None where the index does not tell, as before version 1.3 of the API; ``url``: that of the file.
    """

    name: str
    sha256: str
    size: int
    uploaded: datetime | None
    is_yanked: bool = False
    metadata: str = ""
    provenance: str | None = None
    url: str = field(default="", compare=False)

    @property
    def version(self) -> Version | None:
        """The version that the file name tells, None where it tells none."""
        return version_of(self.name)


@dataclass(frozen=True)
class ProjectFiles:
    """What an index holds of one project.

    ``project``: its name there, "" when the index does not know it; ``burned``: the names of files that were deleted,
    which nobody can use again; ``status``: active, archived, quarantined or deprecated (PEP 792).
    """

    project: str = ""
    files: tuple[IndexFile, ...] = ()
    burned: tuple[str, ...] = ()
    status: str = "active"

    def has(self, file: Distribution) -> bool:
        """Whether the very same file is there, byte for byte."""
        return any(there.name == file.name and there.sha256 == file.sha256 for there in self.files)

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions that there are files of. Sorted."""
        return tuple(sorted({one.version for one in self.files if one.version is not None}))

    def after(self, version: Version) -> Version:
        """Return the next version that there is no file of: of a pre-release the next one with its label."""
        found = version
        while found == version or self.of_release(found):
            found = next_version(found, found.pre[0] if found.pre else "patch")
        return found

    def of_release(self, version: Version | None) -> tuple[IndexFile, ...]:
        """Return the files of a release."""
        return tuple(one for one in self.files if version is not None and one.version == version)


@dataclass(frozen=True)
class PendingRelease:
    """A release that is about to go to an index, ``version`` None where none was found, and what is there already.

    ``index``: the address, fit to be shown; ``released``: the versions that the repository has tags of; ``holder``: who
    made what is there, as far as that was asked and is told.
    """

    index: str
    name: str
    version: Version | None
    project_files: ProjectFiles
    released: tuple[Version, ...] = ()
    holder: str = ""

    @property
    def is_strange(self) -> bool:
        """Whether the index has the project, and the repository knows none of its versions."""
        return bool(self.project_files.versions) and not set(self.project_files.versions) & set(self.released)


@dataclass(frozen=True)
class Upload:
    """A file that is about to be uploaded, at a time with its zone, and what is there already."""

    file: Distribution
    project_files: ProjectFiles
    now: datetime

    @property
    def is_there(self) -> bool:
        """Whether the very same file is there: an index answers that all is well, and does nothing."""
        return self.project_files.has(self.file)


def version_of(name: str) -> Version | None:
    """Return the version that the name of a distribution tells, None where it tells none."""
    try:
        return FileName.parse(name).version
    except ValueError:
        return None


Result = TypeVar("Result")

AGENT = f"seatrial/{__version__}"
TIMEOUT = 20
"""Seconds that a server may take to answer."""

CONNECT_TIMEOUT = 5
"""Seconds until a server has to be reached at all."""

RETRY_PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each time that a request is made again."""

LONGEST_RETRY_PAUSE = 30.0
"""Seconds of a pause that a server may ask for (RFC 9110, Retry-After)."""

TOO_MANY_REQUESTS = 429
FIRST_SERVER_ERROR = 500
"""The first status that tells of a fault of the server."""

LARGEST_PAGE = 100 << 20
"""How much of an answer is read, in bytes; the largest of PyPI's have some."""

TOO_LARGE = "it does not come to an end"

LOOPBACK = "http://127.0.0.1:"

NETWORK_FIXES = (
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


def get_page(url: str, headers: Mapping[str, str], patience: float = TIMEOUT) -> Page | None:
    """Ask, and ask again when the server is overburdened, has a fault of its own, or the line was lost.

    What is out of reach is not asked twice; ``patience``: the seconds that each answer may take. Returns None for 404.
    Raises `requests.RequestException`, also for any other status of 400 or more, and for an answer that has no end.
    """
    # Only what asks needs it.
    import requests  # noqa: PLC0415

    for pause in (*RETRY_PAUSES, None):
        answer = _in_time(patience, _request, url, headers, patience)
        if pause is None or not _is_transient(answer):
            break
        time.sleep(_retry_after(answer, pause))
    if isinstance(answer, requests.RequestException):
        raise answer
    if isinstance(answer, Page):
        return answer
    if answer.status_code != requests.codes.not_found:
        answer.raise_for_status()
    return None


def in_thread(function: Callable[..., Result], *args: object) -> Future[Result]:
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
        return in_thread(function, *args).result(timeout=2 * patience)
    except futures.TimeoutError:
        raise requests.RequestException(TOO_LARGE) from None


def _read_limited(answer: Response, patience: float) -> bytes:
    """Read an answer, which may be without end. Raises `requests.RequestException`."""
    # See get().
    import requests  # noqa: PLC0415

    content, end = bytearray(), time.monotonic() + patience
    for piece in answer.iter_content(1 << 20):
        content += piece
        if len(content) > LARGEST_PAGE or time.monotonic() > end:
            raise requests.RequestException(TOO_LARGE)
    return bytes(content)


def error_text(error: Exception) -> str:
    """Return what an exception says, without the objects and numbers of the libraries below."""
    cause = error.args[0] if error.args else error
    said = str(getattr(cause, "reason", None) or cause)
    if "proxy" in type(error).__name__.lower():
        # Below it lies, as the text of an object, what kept the proxy from answering.
        why = re.search(r"Tunnel connection failed: ([^'\"(]*)|\[Errno -?\d+\] ([^'\")]*)", said)
        return redact(f"the proxy: {(why[1] or why[2]).strip() if why else 'it is out of reach'}")
    return redact(
        re.sub(r"^.*\): |\[Errno -?\d+\] | \(.*\)$|Failed to establish a new connection: | for url: \S+$", "", said)
    )


def error_fix(error: Exception) -> str:
    """Return what mends it."""
    said = f"{type(error).__name__} {error}"
    return next((fix for sign, fix in NETWORK_FIXES if sign.search(said)), "try again later")


def _request(url: str, headers: Mapping[str, str], patience: float) -> Page | Response | requests.RequestException:
    """Return the page, a refusal, or how the line was lost. Raises any other exception of requests."""
    # See get().
    import requests  # noqa: PLC0415

    with requests.Session() as session:
        # A server on this machine is not behind a proxy.
        session.trust_env = not url.startswith(LOOPBACK)
        answer = _open_response(session, url, headers, patience)
        if isinstance(answer, requests.RequestException):
            return answer
        with answer:
            if answer.status_code >= requests.codes.bad_request:
                return answer
            return Page(answer.url, answer.headers.get("Content-Type", ""), _read_limited(answer, patience))


def _open_response(
    session: requests.Session, url: str, headers: Mapping[str, str], patience: float
) -> Response | requests.RequestException:
    """Return an answer of which the headers are there, or how the line was lost."""
    # requests depends on it.
    import requests  # noqa: PLC0415
    import urllib3  # noqa: PLC0415

    try:
        return session.get(
            url,
            headers={**headers, "User-Agent": AGENT},
            timeout=(min(CONNECT_TIMEOUT, patience), patience),
            stream=True,
        )
    except requests.RequestException as error:
        if error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError):
            return error
        raise


def _is_transient(answer: Page | Response | requests.RequestException) -> bool:
    """Whether asking again can lead to another answer."""
    if isinstance(answer, Page):
        return False
    status = getattr(answer, "status_code", None)
    return status is None or status >= FIRST_SERVER_ERROR or status == TOO_MANY_REQUESTS


def _retry_after(answer: Page | Response | requests.RequestException, pause: float) -> float:
    """Return the pause that a server asks for in seconds, ours where it asks for none."""
    request = getattr(answer, "headers", {}).get("Retry-After", "")
    return min(float(request), LONGEST_RETRY_PAUSE) if request.isdecimal() else pause


SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
HEADERS = {"Accept": SIMPLE_JSON, "Cache-Control": "no-cache", "Pragma": "no-cache"}
FILE_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""An sdist is gzipped, and would be unpacked on the way if it were taken for an encoding."""

DOWNLOAD_TIMEOUT = 120
"""Seconds that the download of a file may take."""


def read_project_files(simple_url: str, project: str, patience: float = TIMEOUT) -> ProjectFiles:
    """Return what an index holds of a project, nothing when it does not know it. No caches are asked.

    ``patience``: the seconds that it may take to answer. Raises `IndexUnreachable`.
    """
    answer = _get_page(f"{simple_url}{canonicalize_name(project)}/", patience)
    return _parse_project(answer, project) if answer else ProjectFiles()


def download_file(file: IndexFile, folder: Path, patience: float = DOWNLOAD_TIMEOUT) -> Path:
    """Download a file of an index into a folder, and return its path. Raises `IndexUnreachable`.

    The name is used as it is: only that of a file that is expected may be.
    """
    page = _get_page(file.url, patience, FILE_HEADERS) if file.url else None
    if page is None or hashlib.sha256(page.content).hexdigest() != file.sha256:
        why = "does not have the file that the index lists" if page else "is missing"
        raise IndexUnreachable(f"{redact(file.url) or file.name} {why}", fix="try again later")
    path = folder / file.name
    path.write_bytes(page.content)
    return path


def maker_of_newest(project_files: ProjectFiles) -> str:
    """Return who made the newest files on a shelf, by their metadata (PEP 658): a name, an address, a page; or ""."""
    newest = (
        [one for one in project_files.of_release(project_files.versions[-1]) if one.metadata]
        if project_files.versions
        else []
    )
    try:
        answer = _get_page(newest[0].metadata) if newest else None
    except IndexUnreachable:
        return ""
    told = Metadata.from_bytes(answer.content) if answer else Metadata()
    pages = [url.partition(",")[2].strip() for url in told.list("project_urls")][:1]
    fields = (told.text("author") or told.text("author_email"), told.text("home_page") or "".join(pages))
    return redact(", ".join(" ".join(field.split()) for field in fields if field))


def _get_page(url: str, patience: float = TIMEOUT, headers: Mapping[str, str] = HEADERS) -> Page | None:
    """Return an answer, None when there is no such page. Raises `IndexUnreachable`."""
    # Only what asks an index needs it.
    import requests  # noqa: PLC0415

    try:
        return get_page(url, headers, patience)
    except (requests.RequestException, ValueError) as error:
        said = redact_address(f"{url} does not answer: {error_text(error)}", url)
        raise IndexUnreachable(said, fix=error_fix(error)) from None


def _parse_project(answer: Page, project: str) -> ProjectFiles:
    """Read the answer. Raises `IndexUnreachable`."""
    try:
        told = json.loads(answer.content)
        status = told.get("project-status") or {}
        return ProjectFiles(
            project,
            tuple(_parse_file(one, answer.url) for one in told["files"]),
            status=str(status.get("status", "active")),
        )
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_json = "json" in answer.kind
        lacks = "it tells no SHA-256 of a file" if is_json else "it has no JSON form of the simple API (PEP 691)"
        raise IndexUnreachable(
            f"{redact(answer.url)} does not answer as an index does: {lacks}",
            fix="ask an index that has it: PyPI does, and devpi-server",
        ) from None


def _parse_file(told: Mapping[str, Any], page: str) -> IndexFile:
    sha256 = told["hashes"]["sha256"]
    if not isinstance(sha256, str):
        raise TypeError
    has_metadata = told.get("core-metadata") or told.get("data-dist-info-metadata")
    return IndexFile(
        name=str(told["filename"]),
        sha256=sha256,
        size=int(told.get("size") or 0),
        uploaded=_parse_time(told.get("upload-time")),
        is_yanked=bool(told.get("yanked")),
        metadata=f"{urljoin(page, str(told['url']))}.metadata" if has_metadata and "url" in told else "",
        provenance=str(told["provenance"] or "") if "provenance" in told else None,
        url=urljoin(page, str(told["url"])) if "url" in told else "",
    )


def _parse_time(told: object) -> datetime | None:
    """Return the time of an upload as PEP 700 has it, None where the index does not tell it."""
    if not isinstance(told, str):
        return None
    try:
        # Before Python 3.11, fromisoformat() takes neither a Z nor fractions of every length.
        return datetime.fromisoformat(told[:19]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
