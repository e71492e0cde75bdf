"""The files of a new package that `seatrial init` would not write itself, from the templates in ``package``.

The script metadata of a noxfile (PEP 723): what nox and seatrial it needs.

nox reads it before it loads the noxfile, and where they are missing it runs itself again, in an environment that has
them. So a noxfile runs in a fresh clone, and the environment of the project needs neither of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import metadata, resources
from itertools import compress
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import tomlkit
from packaging.requirements import Requirement
from trove_classifiers import classifiers

from seatrial import __version__
from seatrial.pythons import OLDEST_MINOR, newest_minor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.init.new import PackageName


LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later")
"""The licences that a package can get, as SPDX expressions."""

DEFAULT_LICENSE = LICENSES[0]


@dataclass(frozen=True)
class PackageTemplate:
    """The files of a new package.

    ``description``: one line; ``author`` and ``email``: those of its author; ``year``: that of the licence; ``oldest``:
    the minor version of the oldest Python; ``is_member``: whether its repository has other packages, too; ``page``: the
    address of its repository's page; ``license``: one of `LICENSES`; ``keywords``: those of the metadata;
    ``has_command``: whether it brings a command.
    """

    name: PackageName
    description: str
    author: str
    email: str | None
    year: int
    oldest: int = OLDEST_MINOR
    is_member: bool = False
    page: str | None = None
    license: str = DEFAULT_LICENSE
    keywords: tuple[str, ...] = ()
    has_command: bool = False

    @property
    def texts(self) -> dict[str, str]:
        """The texts of its files by their path."""
        module = self.name.module
        # hatchling is the backend of the packaging guides' tutorial. On every Python from 3.9 there is one that writes
        # metadata which the twine of that Python reads, it needs no compiler, and it takes the version from the one
        # line that has it. PEP 639, an expression for the licence, came with 1.27.
        conditions = (True, self.page, self.has_command, True, self.is_member)
        tables = compress(("project", "urls", "scripts", "tools", "member"), conditions)
        templates = {
            ".gitignore": ["package/gitignore"],
            "LICENSE": [f"licenses/{self.license}"],
            "README.md": ["package/README.md"],
            "changelog.d/+first.feature.md": ["package/fragment.md"],
            "pyproject.toml": [f"package/pyproject_{name}.toml" for name in tables],
            f"src/{module}/__init__.py": ["package/init.py"],
            f"src/{module}/py.typed": [],
            f"tests/test_{module}.py": ["package/test_module.py"],
        }
        if self.has_command:
            templates[f"src/{module}/__main__.py"] = ["package/main.py"]
            templates["tests/test_command.py"] = ["package/test_command.py"]
        texts = {path: "".join(map(_text_of, names)) for path, names in templates.items()}
        return {path: Template(text).substitute(self._fields) for path, text in texts.items()}

    @property
    def _fields(self) -> dict[str, str]:
        pythons = python_classifiers(range(self.oldest, newest_minor() + 1))
        email = f", email = {_quoted(self.email)}" if self.email else ""
        return {
            "name": self.name.project,
            "module": self.name.module,
            "description": self.description,
            "docstring": self.description.replace("\\", "\\\\").replace('"', '\\"').rstrip(".") + ".",
            "summary": _quoted(self.description),
            "author": self.author,
            "person": f"{{ name = {_quoted(self.author)}{email} }}",
            "page": self.page or "",
            "license": self.license,
            "terms": f"[LICENSE]({self.page}/blob/HEAD/LICENSE)" if self.page else "LICENSE",
            "keywords": f"keywords = {_quoted(list(self.keywords))}\n" if self.keywords else "",
            "documentation": DOCUMENTATION.format(self.page) if self.page else "",
            "usage": USAGE_OF_COMMAND.format(self.name.project) if self.has_command else "",
            "seatrial": uvx_command(),
            "year": str(self.year),
            "oldest": f"3.{self.oldest}",
            "pythons": "\n".join(f'  "{classifier}",' for classifier in pythons),
        }


def python_classifiers(minors: Iterable[int]) -> tuple[str, ...]:
    """Return the classifiers of minor versions of Python 3, as far as there are such classifiers."""
    names = (f"Programming Language :: Python :: 3.{minor}" for minor in minors)
    return tuple(name for name in names if name in classifiers)


def _text_of(name: str) -> str:
    """Return a template next to this module: a file of a package, or a licence, with fields for what differs."""
    return (resources.files("seatrial.init") / f"{name}.txt").read_text(encoding="utf-8")


def _quoted(value: str | list[str]) -> str:
    return tomlkit.item(value).as_string()


DOCUMENTATION = "The documentation is on the [page of the project]({}#readme).\n"

USAGE_OF_COMMAND = """
On the command line:

```console
{} tide
```
"""

BLOCK = re.compile(r"(?m)^# /// script[ \t]*\n(?P<content>(?:#(?:| .*)\n)+?)# ///[ \t]*(?:\n|\Z)")
"""A block of script metadata (PyPA, "Inline script metadata")."""

DEPENDENCIES = re.compile(r"(?ms)^(?P<start># dependencies[ \t]*=[ \t]*\[)(?P<inner>.*?)(?P<end>\][ \t]*)$")


def nox_requirement() -> str:
    """Return nox with the lower bound that seatrial has."""
    bounds = [Requirement(line) for line in metadata.requires("seatrial") or ()]
    return next((str(bound) for bound in bounds if bound.name == "nox"), "nox")


def seatrial_requirement() -> str:
    """Return seatrial with this version as its lower bound.

    Where it was installed from an address, such as that of its repository, it is that: no index needs to have it.
    """
    address = own_origin().address
    # Without its commit: nox compares it with the address of what is installed.
    return f"seatrial @ {address}" if address else f"seatrial>={__version__}"


def uvx_command() -> str:
    """Return the command that runs seatrial where it is not installed."""
    address = own_origin().address
    return f'uvx --from "{address}" seatrial' if address else "uvx seatrial"


@dataclass(frozen=True)
class Origin:
    """Where a distribution was installed from: an ``address``, a wheel or folder on this ``machine``, or an index."""

    address: str | None = None
    machine: str | None = None

    @classmethod
    def of(cls, text: str | None) -> Origin:
        """Read ``direct_url.json`` (PEP 610), which an installation from an index does not have."""
        try:
            origin = json.loads(text or "{}")
            url = str(origin.get("url", ""))
            if "vcs_info" in origin:
                return cls(address=f"{origin['vcs_info']['vcs']}+{url}")
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
        if url.startswith("file:"):
            return cls(machine=url2pathname(urlsplit(url).path))
        return cls(address=url or None)


def own_origin() -> Origin:
    """Return where seatrial was installed from."""
    try:
        return Origin.of(metadata.distribution("seatrial").read_text("direct_url.json"))
    except metadata.PackageNotFoundError:
        return Origin()


def script_block() -> str:
    """Return the lines at the top of a noxfile."""
    return f'# /// script\n# dependencies = ["{nox_requirement()}", "{seatrial_requirement()}"]\n# ///\n'


def with_block(noxfile: str) -> str:
    """Return a noxfile with seatrial in its script metadata, or with a block of them at its top."""
    block = BLOCK.search(noxfile)
    if block is None:
        return script_block() + noxfile
    table = DEPENDENCIES.search(block[0])
    if table is None or "seatrial" in block[0]:
        return noxfile
    start, inner, end = table["start"], table["inner"].rstrip("# \n\t"), table["end"]
    comma = "" if not inner.strip() or inner.endswith(",") else ","
    added = f'"{seatrial_requirement()}"'
    items = f"{inner}{comma}\n#   {added},\n# " if "\n" in inner else f"{inner}{comma} {added}".lstrip()
    return noxfile.replace(table[0], f"{start}{items}{end}", 1)


def without_seatrial(noxfile: str) -> str:
    """Return a noxfile without seatrial in its script metadata; a block that had only nox next to it goes."""
    block = BLOCK.search(noxfile)
    table = DEPENDENCIES.search(block[0]) if block else None
    if block is None or table is None or "seatrial" not in table["inner"]:
        return noxfile
    items = re.findall(r"\"[^\"]*\"|'[^']*'", table["inner"])
    kept = [item for item in items if Requirement(item[1:-1]).name != "seatrial"]
    if block["content"].count("\n") == table[0].count("\n") + 1 and all(
        Requirement(item[1:-1]).name == "nox" for item in kept
    ):
        return noxfile.replace(block[0], "", 1)
    return noxfile.replace(table[0], f"{table['start']}{', '.join(kept)}{table['end']}", 1)


def has_block(noxfile: str) -> bool:
    """Whether a noxfile has script metadata."""
    return bool(BLOCK.search(noxfile))
