"""The files of a new package that `seatrial init` would not write itself."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING

import tomlkit
from trove_classifiers import classifiers

from seatrial.init.script_metadata import uvx_command
from seatrial.pythons import OLDEST_MINOR, newest_minor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.init.new import PackageName


@dataclass(frozen=True)
class PackageTemplate:
    """The files of a new package.

    ``description``: one line; ``author`` and ``email``: those of its author; ``year``: that of the licence; ``oldest``:
    the minor version of the oldest Python; ``is_member``: whether its repository has other packages, too; ``page``: the
    address of its repository's page.
    """

    name: PackageName
    description: str
    author: str
    email: str | None
    year: int
    oldest: int = OLDEST_MINOR
    is_member: bool = False
    page: str | None = None

    @property
    def texts(self) -> dict[str, str]:
        """The texts of its files by their path."""
        module = self.name.module
        templates = {
            ".gitignore": GITIGNORE,
            "LICENSE": LICENSE,
            "README.md": README,
            "changelog.d/+first.feature.md": FRAGMENT,
            "pyproject.toml": HEAD + (URLS if self.page else "") + TOOLS + (MEMBER if self.is_member else ""),
            f"src/{module}/__init__.py": INIT,
            f"src/{module}/py.typed": "",
            f"tests/test_{module}.py": TEST,
        }
        return {path: Template(text).substitute(self._fields) for path, text in templates.items()}

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
            "seatrial": uvx_command(),
            "year": str(self.year),
            "oldest": f"3.{self.oldest}",
            "pythons": "\n".join(f'  "{classifier}",' for classifier in pythons),
        }


def python_classifiers(minors: Iterable[int]) -> tuple[str, ...]:
    """Return the classifiers of minor versions of Python 3, as far as there are such classifiers."""
    names = (f"Programming Language :: Python :: 3.{minor}" for minor in minors)
    return tuple(name for name in names if name in classifiers)


def _quoted(text: str) -> str:
    return tomlkit.item(text).as_string()


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
license = "MIT"
license-files = ["LICENSE"]
authors = [$person]
classifiers = [
  "Development Status :: 3 - Alpha",
  "Operating System :: OS Independent",
$pythons
  "Typing :: Typed",
]
"""

URLS = """
[project.urls]
Repository = "$page"
Issues = "$page/issues"
Changelog = "$page/blob/HEAD/CHANGELOG.md"
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

__all__ = ["__version__"]

__version__ = "0.0.0"
'''

TEST = '''\
"""The tests of $name."""

from __future__ import annotations

from importlib import metadata

import $module


def test_version_is_that_of_the_distribution() -> None:
    assert metadata.version("$name") == $module.__version__
'''

README = """\
# $name

$description

```console
pip install $name
```

## Development

[uv](https://docs.astral.sh/uv/) runs everything, and installs nothing into your environment:

```console
uvx nox                          # build, check, test, type-check and lint
$seatrial news feature "What is new."
$seatrial rehearse minor      # the whole release, on this machine alone
$seatrial release minor       # the release
```
"""

LICENSE = """\
MIT License

Copyright (c) $year $author

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
