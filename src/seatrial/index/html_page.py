"""The HTML form of the simple API (PEP 503), read into the JSON form (PEP 691)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any, NoReturn
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

HEADING = "links for"
"""What is in the heading of a page of PyPI, devpi and pypiserver."""

ENDINGS = (".whl", ".tar.gz", ".zip")


class LinkReader(HTMLParser):
    """Reads the links of the page at ``url``.

    ``files``: one for each link, in the form of PEP 691; ``is_index``: whether it says that it is a page of an index.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.files: list[dict[str, Any]] = []
        self.status: dict[str, str] = {}
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
            self.files[-1]["filename"] = "".join(self._text).strip() or self.files[-1]["filename"]
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
    return {"files": files, "project-status": reader.status} if files or reader.is_index else None


def _file(href: str, attributes: dict[str, str]) -> dict[str, Any]:
    url, fragment = urldefrag(href)
    algorithm, _, digest = fragment.partition("=")
    file = {
        "filename": unquote(urlsplit(url).path.rpartition("/")[2]),
        "url": url,
        "hashes": {algorithm: digest} if digest else {},
        "yanked": "data-yanked" in attributes,
        "core-metadata": {"data-core-metadata", "data-dist-info-metadata"} & attributes.keys() != set(),
    }
    return {**file, "provenance": attributes["data-provenance"]} if "data-provenance" in attributes else file
