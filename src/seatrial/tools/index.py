"""An index, asked over the JSON form of its simple API (PEP 691, PEP 700)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from seatrial import __version__
from seatrial.errors import IndexUnreachable
from seatrial.facts.shelf import version_of

if TYPE_CHECKING:
    from packaging.version import Version
    from requests import Response

JSON = "application/vnd.pypi.simple.v1+json"
AGENT = f"seatrial/{__version__}"
PATIENCE = 20
"""Seconds that an index may take to answer."""


def hashes(simple_url: str, project: str, version: Version) -> dict[str, str]:
    """Return the files of a release: names to SHA-256. No caches are asked. Raises `IndexUnreachable`."""
    # Only what asks an index needs it.
    import requests  # noqa: PLC0415

    url = f"{simple_url}{canonicalize_name(project)}/"
    headers = {"Accept": JSON, "User-Agent": AGENT, "Cache-Control": "no-cache"}
    try:
        with requests.Session() as session:
            # An index on this machine is not behind a proxy.
            session.trust_env = not url.startswith("http://127.0.0.1:")
            answer = session.get(url, headers=headers, timeout=PATIENCE)
            if answer.status_code == requests.codes.not_found:
                return {}
            answer.raise_for_status()
    except requests.RequestException as error:
        raise IndexUnreachable(f"{url} does not answer as an index does: {error}", fix="try again later") from None
    return {name: sha256 for name, sha256 in _files(answer) if version_of(name) == version}


def _files(answer: Response) -> list[tuple[str, str]]:
    """Return names and SHA-256 of the files of a project. Raises `IndexUnreachable`."""
    try:
        return [(str(one["filename"]), str(one["hashes"]["sha256"])) for one in answer.json()["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        is_json = "json" in answer.headers.get("Content-Type", "")
        lacks = "it tells no SHA-256 of a file" if is_json else "it has no JSON form of the simple API (PEP 691)"
        raise IndexUnreachable(
            f"{answer.url} does not answer as an index does: {lacks}",
            fix="ask an index that has it: PyPI does, and devpi-server",
        ) from None
