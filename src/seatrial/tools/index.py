"""An index, asked over the JSON form of its simple API (PEP 691, PEP 700, PEP 792)."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from seatrial.errors import IndexUnreachable
from seatrial.facts.shelf import Shelf, Shelved
from seatrial.masking import mask
from seatrial.tools import web

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version
    from requests import Response

JSON = "application/vnd.pypi.simple.v1+json"
HEADERS = {"Accept": JSON, "Cache-Control": "no-cache", "Pragma": "no-cache"}


def hashes(simple_url: str, project: str, version: Version) -> dict[str, str]:
    """Return the files of a release: names to SHA-256. No caches are asked. Raises `IndexUnreachable`."""
    return {one.name: one.sha256 for one in shelf(simple_url, project).of_release(version)}


def shelf(simple_url: str, project: str) -> Shelf:
    """Return what an index holds of a project, nothing when it does not know it. No caches are asked.

    Raises `IndexUnreachable`.
    """
    # Only what asks an index needs it.
    import requests  # noqa: PLC0415

    url = f"{simple_url}{canonicalize_name(project)}/"
    try:
        answer = web.get(url, HEADERS)
    except requests.RequestException as error:
        raise IndexUnreachable(f"{mask(url)} does not answer: {web.told(error)}", fix=web.advice(error)) from None
    return Shelf() if answer.status_code == requests.codes.not_found else _shelf(answer, project)


def _shelf(answer: Response, project: str) -> Shelf:
    """Read the answer. Raises `IndexUnreachable`."""
    try:
        told = answer.json()
        status = told.get("project-status") or {}
        return Shelf(project, tuple(map(_shelved, told["files"])), status=str(status.get("status", "active")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_json = "json" in answer.headers.get("Content-Type", "")
        lacks = "it tells no SHA-256 of a file" if is_json else "it has no JSON form of the simple API (PEP 691)"
        raise IndexUnreachable(
            f"{mask(answer.url)} does not answer as an index does: {lacks}",
            fix="ask an index that has it: PyPI does, and devpi-server",
        ) from None


def _shelved(told: Mapping[str, Any]) -> Shelved:
    return Shelved(
        name=str(told["filename"]),
        sha256=str(told["hashes"]["sha256"]),
        size=int(told.get("size") or 0),
        uploaded=_time(told.get("upload-time")),
        is_yanked=bool(told.get("yanked")),
        provenance=str(told.get("provenance") or ""),
    )


def _time(told: object) -> datetime | None:
    """Return the time of an upload as PEP 700 has it, None where the index does not tell it."""
    if not isinstance(told, str):
        return None
    # Before Python 3.11, fromisoformat() takes neither a Z nor fractions of every length.
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", told)
    return datetime.fromisoformat(found[0]).replace(tzinfo=timezone.utc) if found else None
