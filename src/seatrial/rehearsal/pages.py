"""What an index shows of itself: the simple API in HTML (PEP 503) and in JSON (PEP 691), and a page for people.

With sizes and times (PEP 700), core metadata (PEP 658, PEP 714), and what is yanked (PEP 592).
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seatrial.rehearsal.shelves import Stored

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
META = {"api-version": "1.1"}


def projects_as_json(projects: Iterable[str]) -> dict[str, Any]:
    """Return the list of projects."""
    return {"meta": META, "projects": [{"name": name} for name in projects]}


def project_as_json(name: str, files: Iterable[Stored]) -> dict[str, Any]:
    """Return what there is of a project; addresses are relative to its own."""
    known = tuple(files)
    versions = {str(one.shelved.version): None for one in known if one.shelved.version}
    return {
        "meta": META,
        "name": name,
        "versions": list(versions),
        "files": [_file_as_json(name, one) for one in known],
    }


def projects_as_html(projects: Iterable[str]) -> str:
    """Return the list of projects."""
    return _page("Simple index", (_link(f"{name}/", name) for name in projects))


def project_as_html(name: str, files: Iterable[Stored]) -> str:
    """Return what there is of a project."""
    return _page(f"Links for {name}", (_link(_address(name, one), one.shelved.name, _attributes(one)) for one in files))


def home(projects: Mapping[str, Iterable[Stored]]) -> str:
    """Return a page for people: what the index holds, with sizes and hashes."""
    rows = (
        f"{_link(f'/files/{name}/{one.shelved.name}', one.shelved.name)}"
        f" {one.shelved.size:,} bytes, sha256 {one.shelved.sha256}, since {one.shelved.uploaded:%Y-%m-%d %H:%M:%S %Z}"
        for name, files in projects.items()
        for one in files
    )
    return _page("The index of a rehearsal", rows)


def _file_as_json(name: str, one: Stored) -> dict[str, Any]:
    core = {"sha256": one.metadata_sha256} if one.metadata else False
    return {
        "filename": one.shelved.name,
        "url": _address(name, one).partition("#")[0],
        "hashes": {"sha256": one.shelved.sha256},
        "requires-python": one.requires_python or None,
        "size": one.shelved.size,
        "upload-time": one.shelved.uploaded and one.shelved.uploaded.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": one.shelved.is_yanked,
        "core-metadata": core,
        "data-dist-info-metadata": core,
    }


def _attributes(one: Stored) -> dict[str, str]:
    core = f"sha256={one.metadata_sha256}" if one.metadata else ""
    told = {
        "data-requires-python": one.requires_python,
        "data-core-metadata": core,
        "data-dist-info-metadata": core,
    }
    yanked = {"data-yanked": ""} if one.shelved.is_yanked else {}
    return {**{key: value for key, value in told.items() if value}, **yanked}


def _address(name: str, one: Stored) -> str:
    return f"/files/{name}/{one.shelved.name}#sha256={one.shelved.sha256}"


def _link(address: str, text: str, attributes: Mapping[str, str] | None = None) -> str:
    told = {"href": address, **(attributes or {})}
    written = " ".join(f'{key}="{html.escape(value)}"' for key, value in told.items())
    return f"<a {written}>{html.escape(text)}</a>"


def _page(title: str, lines: Iterable[str]) -> str:
    body = "\n".join(f"{line}<br>" for line in lines)
    head = f'<meta name="pypi:repository-version" content="1.1"><title>{html.escape(title)}</title>'
    return (
        f"<!DOCTYPE html>\n<html><head>{head}</head>\n<body>\n<h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )
