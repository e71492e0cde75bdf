"""An index, asked over the JSON form of its simple API (PEP 691, PEP 700, PEP 792)."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from packaging.utils import canonicalize_name

from seatrial.errors import IndexUnreachable
from seatrial.facts.metadata import Metadata
from seatrial.facts.shelf import Shelf, Shelved
from seatrial.masking import mask, mask_address
from seatrial.tools import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.tools.web import Page

JSON = "application/vnd.pypi.simple.v1+json"
HEADERS = {"Accept": JSON, "Cache-Control": "no-cache", "Pragma": "no-cache"}


def shelf(simple_url: str, project: str, patience: float = web.PATIENCE) -> Shelf:
    """Return what an index holds of a project, nothing when it does not know it. No caches are asked.

    ``patience``: the seconds that it may take to answer. Raises `IndexUnreachable`.
    """
    answer = _asked(f"{simple_url}{canonicalize_name(project)}/", patience)
    return _shelf(answer, project) if answer else Shelf()


def holder(shelf: Shelf) -> str:
    """Return who made the newest files on a shelf, by their metadata (PEP 658): a name, an address, a page; or ""."""
    newest = [one for one in shelf.of_release(shelf.versions[-1]) if one.metadata] if shelf.versions else []
    try:
        answer = _asked(newest[0].metadata) if newest else None
    except IndexUnreachable:
        return ""
    told = Metadata.from_bytes(answer.content) if answer else Metadata()
    pages = [url.partition(",")[2].strip() for url in told.list("project_urls")][:1]
    fields = (told.text("author") or told.text("author_email"), told.text("home_page") or "".join(pages))
    return mask(", ".join(" ".join(field.split()) for field in fields if field))


def _asked(url: str, patience: float = web.PATIENCE) -> Page | None:
    """Return an answer, None when there is no such page. Raises `IndexUnreachable`."""
    # Only what asks an index needs it.
    import requests  # noqa: PLC0415

    try:
        return web.get(url, HEADERS, patience)
    except (requests.RequestException, ValueError) as error:
        said = mask_address(f"{url} does not answer: {web.told(error)}", url)
        raise IndexUnreachable(said, fix=web.advice(error)) from None


def _shelf(answer: Page, project: str) -> Shelf:
    """Read the answer. Raises `IndexUnreachable`."""
    try:
        told = json.loads(answer.content)
        status = told.get("project-status") or {}
        return Shelf(
            project,
            tuple(_shelved(one, answer.url) for one in told["files"]),
            status=str(status.get("status", "active")),
        )
    except (ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_json = "json" in answer.kind
        lacks = "it tells no SHA-256 of a file" if is_json else "it has no JSON form of the simple API (PEP 691)"
        raise IndexUnreachable(
            f"{mask(answer.url)} does not answer as an index does: {lacks}",
            fix="ask an index that has it: PyPI does, and devpi-server",
        ) from None


def _shelved(told: Mapping[str, Any], page: str) -> Shelved:
    sha256 = told["hashes"]["sha256"]
    if not isinstance(sha256, str):
        raise TypeError
    has_metadata = told.get("core-metadata") or told.get("data-dist-info-metadata")
    return Shelved(
        name=str(told["filename"]),
        sha256=sha256,
        size=int(told.get("size") or 0),
        uploaded=_time(told.get("upload-time")),
        is_yanked=bool(told.get("yanked")),
        metadata=f"{urljoin(page, str(told['url']))}.metadata" if has_metadata and "url" in told else "",
        provenance=str(told["provenance"] or "") if "provenance" in told else None,
    )


def _time(told: object) -> datetime | None:
    """Return the time of an upload as PEP 700 has it, None where the index does not tell it."""
    if not isinstance(told, str):
        return None
    try:
        # Before Python 3.11, fromisoformat() takes neither a Z nor fractions of every length.
        return datetime.fromisoformat(told[:19]).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
