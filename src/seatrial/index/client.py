"""What an index has of a project, read over its simple API: JSON (PEP 691, PEP 700, PEP 792), else HTML (PEP 503).

Requests have a deadline and a size limit; only transient failures are retried.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from concurrent import futures
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from html.parser import HTMLParser
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, TypeVar
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from packaging.utils import canonicalize_name

from seatrial.distributions.metadata import Metadata, version_of
from seatrial.errors import IndexUnreachable, printable
from seatrial.project.versions import next_version
from seatrial.redaction import redact, redact_address

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.distributions.distribution import Distribution
    from seatrial.index.http import Page


@dataclass(frozen=True)
class IndexFile:
    """A file on an index: ``size`` in bytes, ``sha256`` in hexadecimal digits.

    ``uploaded``: with its time zone, None where the index does not show it; ``metadata``: the address of its core
    metadata (PEP 658), None where the index does not serve them; ``provenance``: that of its attestations (PEP 740), ""
    for none, None where the index does not show them, as before version 1.3 of the API; ``url``: that of the file.
    """

    name: str
    sha256: str
    size: int
    uploaded: datetime | None
    is_yanked: bool = False
    metadata: str | None = None
    provenance: str | None = None
    url: str = field(default="", compare=False)

    @property
    def version(self) -> Version | None:
        """The version in the file name, None without one."""
        return version_of(self.name)


@dataclass(frozen=True)
class ProjectFiles:
    """What an index holds of one project.

    ``project``: its name there, None when the index does not have it; ``status``: active, archived, quarantined or
    deprecated (PEP 792); ``look_alike``: the name of another project there, which PyPI does not tell from this one,
    None when none was looked for or found.
    """

    project: str | None = None
    files: tuple[IndexFile, ...] = ()
    status: str = "active"
    look_alike: str | None = None

    def has(self, file: Distribution) -> bool:
        """Whether the very same file is there, byte for byte."""
        return any(listed.name == file.name and listed.sha256 == file.sha256 for listed in self.files)

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions that there are files of. Sorted."""
        return tuple(sorted({file.version for file in self.files if file.version is not None}))

    def after(self, version: Version) -> Version:
        """Return the next version that there is no file of: of a pre-release the next one with its label."""
        following = version
        while following == version or self.of_release(following):
            following = next_version(following, following.pre[0] if following.pre else "patch")
        return following

    def of_release(self, version: Version | None) -> tuple[IndexFile, ...]:
        """Return the files of a release."""
        return tuple(file for file in self.files if version is not None and file.version == version)


@dataclass(frozen=True)
class PendingRelease:
    """A release that is about to go to an index, ``version`` None where none was found, and what is there already.

    ``index``: the address, fit to be shown; ``released``: the versions that the repository has tags of, None where
    there is no repository yet; ``holder``: who made the project there, None if unknown.
    """

    index: str
    name: str
    version: Version | None
    project_files: ProjectFiles
    released: tuple[Version, ...] | None = ()
    holder: str | None = None

    @property
    def is_strange(self) -> bool:
        """Whether the index has versions of the project, none of which has a tag in the repository."""
        return bool(self.project_files.versions) and not set(self.project_files.versions) & set(self.released or ())


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


Result = TypeVar("Result")

TIMEOUT = 20
"""Seconds that a server may take to answer."""

DEADLINE = 3
"""How many times as long all of it may take: the answer, and asking again."""


def in_thread(function: Callable[..., Result], *args: object) -> Future[Result]:
    """Call a function in a daemon thread, which does not keep the program from ending."""
    future: Future[Result] = Future()

    def call() -> None:
        try:
            future.set_result(function(*args))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    return future


API_VERSION = "1"
"""The major version of the simple API; a client has to refuse another (PEP 629)."""

JSON, HTML = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html"
HEADERS = {"Accept": f"{JSON}, {HTML};q=0.2, text/html;q=0.1", "Cache-Control": "no-cache", "Pragma": "no-cache"}
FILE_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
"""An sdist is gzipped, and would be unpacked on the way if it were taken for an encoding."""

DOWNLOAD_TIMEOUT = 120
"""Seconds that the download of a file may take."""


def read_project_files(simple_url: str, project: str, patience: float = TIMEOUT) -> ProjectFiles:
    """Return the files of a project on an index; empty when the index does not have it. Caches are not used.

    ``patience``: the seconds that an answer may take. Raises `IndexUnreachable`.
    """
    page = _get_page(f"{simple_url}{canonicalize_name(project)}/", patience)
    return _parse_project(page, project) if page else ProjectFiles()


def read_project_or_look_alike(simple_url: str, project: str) -> ProjectFiles:
    """Return the files of a project on an index; when the index does not have it, which project looks like it.

    Raises `IndexUnreachable`.
    """
    project_files = read_project_files(simple_url, project)
    if project_files.project:
        return project_files
    answers = [in_thread(read_project_files, simple_url, name) for name in look_alikes(project)]
    return ProjectFiles(look_alike=next(filter(None, (answer.result().project for answer in answers)), None))


SAME_SIGNS = {"1": "li", "0": "o", "l": "1i", "i": "1l", "o": "0"}
"""The signs that PyPI does not tell apart in names (``ultranormalize_name`` in Warehouse's database)."""

MOST_LOOK_ALIKES = 16
"""How many names are asked for at most."""


def look_alikes(name: str) -> tuple[str, ...]:
    """Return names that PyPI does not tell from this one: without its separators, and with another sign in one place.

    Not all of them: an index can only be asked for one name at a time. Digits, which imitate more often than they are
    imitated, are replaced first.
    """
    normalized = canonicalize_name(name)
    joined = normalized.replace("-", "")
    letters = normalized.translate(str.maketrans("10", "lo"))
    swapped = [
        (sign.isalpha(), f"{spelled[:place]}{other}{spelled[place + 1 :]}")
        for spelled in (normalized, joined)
        for place, sign in enumerate(spelled)
        for other in SAME_SIGNS.get(sign, "")
    ]
    ordered = (joined, letters, letters.replace("-", ""), *(text for _, text in sorted(swapped, key=itemgetter(0))))
    return tuple(text for text in dict.fromkeys(ordered) if text != normalized)[:MOST_LOOK_ALIKES]


def download_file(file: IndexFile, folder: Path) -> Path:
    """Download a file of an index into a folder, and return its path. Raises `IndexUnreachable`.

    The name is used as it is: only that of a file that is expected may be.
    """
    page = _get_page(file.url, DOWNLOAD_TIMEOUT, FILE_HEADERS) if file.url else None
    if page is None or hashlib.sha256(page.content).hexdigest() != file.sha256:
        why = "does not have the file that the index lists" if page else "is missing"
        raise IndexUnreachable(f"{redact(file.url) or file.name} {why}", fix="try again later")
    path = folder / file.name
    path.write_bytes(page.content)
    return path


def maker_of_newest(project_files: ProjectFiles) -> str | None:
    """Return who made the newest files, by their metadata (PEP 658): a name, an address, a page; None if unknown."""
    versions = project_files.versions
    newest = project_files.of_release(versions[-1]) if versions else ()
    address = next((file.metadata for file in newest if file.metadata), None)
    try:
        page = _get_page(address) if address else None
    except IndexUnreachable:
        return None
    metadata = Metadata.from_bytes(page.content) if page else Metadata()
    pages = [url.partition(",")[2].strip() for url in metadata.list("project_urls")][:1]
    fields = (metadata.text("author") or metadata.text("author_email"), metadata.text("home_page") or "".join(pages))
    return redact(", ".join(" ".join(field.split()) for field in fields if field)) or None


def _get_page(url: str, patience: float = TIMEOUT, headers: Mapping[str, str] = HEADERS) -> Page | None:
    """Return a page, None when the index has none. Raises `IndexUnreachable`."""
    # requests takes longer to load than most commands take, and most ask no index.
    from seatrial.index.http import get_page  # noqa: PLC0415

    try:
        # The headers of an answer may drip: no timeout of a socket ends that, because each byte is in time.
        return in_thread(get_page, url, headers, patience).result(timeout=DEADLINE * patience)
    except futures.TimeoutError:
        what = f"{url} does not answer: the answer was not complete after {DEADLINE * patience:g} s"
        raise IndexUnreachable(redact_address(what, url), fix="try again later") from None


def _parse_project(page: Page, project: str) -> ProjectFiles:
    """Read a page of the simple API, in JSON (PEP 691) or HTML (PEP 503). Raises `IndexUnreachable`."""
    is_json = "json" in page.kind.lower()
    try:
        table: Any = (
            json.loads(page.content) if is_json else read_links(page.content.decode("utf-8", "replace"), page.url)
        )
    except (AssertionError, ValueError, RecursionError):
        # html.parser asserts what a page of the web need not hold.
        table = None
    if table is None:
        raise _no_index(page, "it is neither the JSON nor the HTML form of the simple API (PEP 691, PEP 503)")
    try:
        version = str((table.get("meta") or {}).get("api-version") or "").strip() or API_VERSION
        if version.partition(".")[0] != API_VERSION:
            raise _no_index(page, f"it has version {printable(redact(version))} of the simple API", UPGRADE)
        status = table.get("project-status") or {}
        files = tuple(_parse_file(file, page.url) for file in table["files"])
        return ProjectFiles(project, files, status=str(status.get("status") or "").strip() or "active")
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError):
        raise _no_index(page, "it has no SHA-256 of a file") from None


CHECK_ADDRESS = (
    "check the address of the index; a server that can show SHA-256 has to: pypi-server run --hash-algo sha256"
)
UPGRADE = "use a newer seatrial: pip install --upgrade seatrial"


def _no_index(page: Page, lacks: str, fix: str = CHECK_ADDRESS) -> IndexUnreachable:
    return IndexUnreachable(f"{redact(page.url)} does not answer as an index does: {lacks}", fix=fix)


def _parse_file(table: Mapping[str, Any], page: str) -> IndexFile:
    sha256 = table["hashes"]["sha256"]
    if not isinstance(sha256, str):
        raise TypeError
    has_metadata = table.get("core-metadata") or table.get("data-dist-info-metadata")
    return IndexFile(
        name=str(table["filename"]),
        # Some indexes write it in upper case, as installers take it.
        sha256=sha256.lower(),
        size=int(table.get("size") or 0),
        uploaded=_parse_time(table.get("upload-time")),
        is_yanked=bool(table.get("yanked")),
        metadata=f"{urljoin(page, str(table['url']))}.metadata" if has_metadata and "url" in table else None,
        provenance=str(table["provenance"] or "") if "provenance" in table else None,
        url=urljoin(page, str(table["url"])) if "url" in table else "",
    )


def _parse_time(text: object) -> datetime | None:
    """Return the time of an upload as PEP 700 has it, None where the index does not state it."""
    if not isinstance(text, str):
        return None
    try:
        # Before Python 3.11, fromisoformat() takes neither a Z nor fractions of every length.
        return datetime.fromisoformat(text[:19]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


HEADING = "links for"
"""What is in the heading of a page of PyPI, devpi and pypiserver."""

ENDINGS = (".whl", ".tar.gz", ".zip")


class LinkReader(HTMLParser):
    """Reads the links of the page at ``url``.

    ``files``: one for each link, in the form of PEP 691; ``status`` and ``meta``: what it states of the project and of
    itself, in that form, too; ``is_index``: whether it says that it is a page of an index.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.files: list[dict[str, Any]] = []
        self.status: dict[str, str] = {}
        self.meta: dict[str, str] = {}
        self.is_index = False
        self._base = url
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a link, the base of all links, or what the page says of itself."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "base" and attributes.get("href"):
            self._base = urljoin(self._base, attributes["href"])
        elif tag == "meta" and attributes.get("name", "").startswith("pypi:"):
            self.is_index = True
            if attributes["name"] == "pypi:project-status":
                self.status = {"status": attributes.get("content", "")}
            elif attributes["name"] == "pypi:repository-version":
                self.meta = {"api-version": attributes.get("content", "")}
        elif tag == "a" and attributes.get("href"):
            self.files.append(_file(urljoin(self._base, attributes["href"]), attributes))
            self._text = []

    def handle_data(self, data: str) -> None:
        """Gather the text of a link, which is the name of the file."""
        if self._text is not None:
            self._text.append(data)
        elif HEADING in data.lower():
            self.is_index = True

    def error(self, message: str) -> NoReturn:
        """Refuse what the parser does not take, as it does itself since Python 3.10."""
        raise AssertionError(message)

    def handle_endtag(self, tag: str) -> None:
        """Give the file its name at the end of its link."""
        if tag == "a" and self._text is not None:
            text, in_address = "".join(self._text).strip(), self.files[-1]["filename"]
            # Some indexes write a version, or a word, where the name of the file belongs.
            is_name = text.endswith(ENDINGS) or not in_address.endswith(ENDINGS)
            self.files[-1]["filename"] = (text if is_name else in_address) or in_address
            self._text = None


def read_links(html: str, url: str) -> dict[str, Any] | None:
    """Return what a page says of a project, in the form of PEP 691; None when it is no page of an index.

    ``url``: the address of the page.
    """
    reader = LinkReader(url)
    reader.feed(html)
    reader.close()
    # What leads back to the list of projects, or to a page of help, is no file.
    files = [file for file in reader.files if file["hashes"] or file["filename"].endswith(ENDINGS)]
    table = {"meta": reader.meta, "files": files, "project-status": reader.status}
    return table if files or reader.is_index else None


def _file(href: str, attributes: dict[str, str]) -> dict[str, Any]:
    url, fragment = urldefrag(href)
    # Other settings of pip can precede or follow the hash: egg=NAME.
    words = (word.partition("=") for word in fragment.split("&"))
    hashes = {name: value for name, _, value in words if name in hashlib.algorithms_guaranteed and value}
    file = {
        "filename": unquote(urlsplit(url).path.rpartition("/")[2]),
        "url": url,
        "hashes": hashes,
        "yanked": "data-yanked" in attributes,
        "core-metadata": {"data-core-metadata", "data-dist-info-metadata"} & attributes.keys() != set(),
    }
    return {**file, "provenance": attributes["data-provenance"]} if "data-provenance" in attributes else file
