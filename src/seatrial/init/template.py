"""The files of a new package that `seatrial init` would not write itself.

The script metadata of a noxfile (PEP 723): what nox and seatrial it needs.

nox reads it before it loads the noxfile, and where they are missing it runs itself again, in an environment that has
them. So a noxfile runs in a fresh clone, and the environment of the project needs neither of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import metadata, resources
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
    from collections.abc import Iterable, Iterator

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
        templates = {
            ".gitignore": GITIGNORE,
            "LICENSE": license_text(self.license),
            "README.md": README,
            "changelog.d/+first.feature.md": FRAGMENT,
            "pyproject.toml": "".join(self._tables()),
            f"src/{module}/__init__.py": INIT,
            f"src/{module}/py.typed": "",
            f"tests/test_{module}.py": TEST,
            **(
                {f"src/{module}/__main__.py": MAIN, "tests/test_command.py": TEST_OF_COMMAND}
                if self.has_command
                else {}
            ),
        }
        return {path: Template(text).substitute(self._fields) for path, text in templates.items()}

    def _tables(self) -> Iterator[str]:
        yield HEAD
        if self.page:
            yield URLS
        if self.has_command:
            yield SCRIPTS
        yield TOOLS
        if self.is_member:
            yield MEMBER

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


def license_text(expression: str) -> str:
    """Return the text of one of `LICENSES`, with fields for the year and the author."""
    return (resources.files("seatrial.init") / f"licenses/{expression}.txt").read_text(encoding="utf-8")


def _quoted(value: str | list[str]) -> str:
    return tomlkit.item(value).as_string()


GITIGNORE = """\
.coverage
.mypy_cache/
.nox/
.pytest_cache/
.ruff_cache/
.venv/
__pycache__/
dist/
"""

FRAGMENT = "The first release.\n"

# hatchling is the backend of the packaging guides' tutorial. On every Python from 3.9 there is one that writes metadata
# which the twine of that Python reads, it needs no compiler, and it takes the version from the one line that has it.
# PEP 639, an expression for the licence, came with 1.27.
HEAD = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$name"
dynamic = ["version"]
description = $summary
readme = "README.md"
requires-python = ">=$oldest"
license = "$license"
license-files = ["LICENSE"]
authors = [$person]
${keywords}classifiers = [
  "Development Status :: 3 - Alpha",
  "Operating System :: OS Independent",
$pythons
  "Typing :: Typed",
]
"""

URLS = """
[project.urls]
Homepage = "$page"
Documentation = "$page#readme"
Repository = "$page"
Issues = "$page/issues"
Changelog = "$page/blob/HEAD/CHANGELOG.md"
"""

SCRIPTS = """
[project.scripts]
$name = "$module.__main__:main"
"""

TOOLS = """
[dependency-groups]
test = ["pytest>=8.2"]
types = ["mypy>=1.15", { include-group = "test" }]
lint = ["ruff>=0.14"]
dev = [{ include-group = "types" }, { include-group = "lint" }]

[tool.hatch.version]
path = "src/$module/__init__.py"

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["-ra", "--strict-config", "--strict-markers", "--import-mode=importlib"]
xfail_strict = true
filterwarnings = ["error"]

[tool.mypy]
strict = true
files = ["src", "tests"]

[tool.ruff.lint]
extend-select = ["B", "I", "UP"]

[tool.ruff.format]
docstring-code-format = true
"""

MEMBER = """
[tool.seatrial]
tag = "{name}-v{version}"
message = "Release {name} {version}"
"""

INIT = '''\
"""$docstring"""

from __future__ import annotations

__all__ = ["__version__", "greet"]

__version__ = "0.0.0"


def greet(name: str) -> str:
    """Return a greeting for a name."""
    return f"Hello, {name}!"
'''

MAIN = '''\
"""The command $name."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from $module import __version__, greet

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    parser = argparse.ArgumentParser(prog="$name")
    parser.add_argument("name", nargs="?", default="world", help="the name to greet")
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    options = parser.parse_args(arguments)
    print(greet(options.name))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
'''

TEST = '''\
"""The tests of $name."""

from __future__ import annotations

from importlib import metadata

import $module


def test_version_is_that_of_the_distribution() -> None:
    assert metadata.version("$name") == $module.__version__


def test_greeting_has_the_name() -> None:
    assert $module.greet("tide") == "Hello, tide!"
'''

TEST_OF_COMMAND = '''\
"""The tests of the command $name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from $module.__main__ import main

if TYPE_CHECKING:
    import pytest


def test_command_prints_the_greeting(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tide"]) == 0
    assert capsys.readouterr().out == "Hello, tide!\\n"
'''

DOCUMENTATION = "The documentation is on the [page of the project]({}#readme).\n"

USAGE_OF_COMMAND = """
On the command line:

```console
{} tide
```
"""

README = """\
# $name

$description

## Installation

```console
pip install $name
```

## Quick start

```python
import $module

print($module.greet("tide"))
```
$usage
## Documentation

${documentation}Every function has a docstring: `python -m pydoc $module`.

## Development

[uv](https://docs.astral.sh/uv/) runs everything, and installs nothing into your environment:

```console
uvx nox                          # build, check, test, type-check and lint
$seatrial news feature "What is new."
$seatrial rehearse minor      # the whole release, on this machine alone
$seatrial release minor       # the release
```

## License

Copyright (c) $year $author. $license, see $terms.
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
