"""The builders that CI uses, and the backends that each of them goes together with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.distributions.build import BuildEnvironment, build_distributions
from seatrial.installer import best_installer

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Pair:
    """A builder and a backend."""

    builder: str
    backend: str


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "python -m build": ("pyproject-build",),
    "uv build": ("uv", "build"),
    "hatch build": ("hatch", "build"),
    "flit build": ("flit", "build"),
    "pdm build": ("pdm", "build"),
    "poetry build": ("poetry", "build"),
}

BACKENDS = {
    "setuptools": ('["setuptools>=77"]', "setuptools.build_meta"),
    "hatchling": ('["hatchling"]', "hatchling.build"),
    "flit_core": ('["flit_core>=3.11"]', "flit_core.buildapi"),
    "pdm-backend": ('["pdm-backend"]', "pdm.backend"),
    "poetry-core": ('["poetry-core>=2"]', "poetry.core.masonry.api"),
    "uv_build": ('["uv_build>=0.7"]', "uv_build"),
}

PAIRS = (
    *(Pair(builder, backend) for builder in ("python -m build", "uv build", "pdm build") for backend in BACKENDS),
    Pair("hatch build", "hatchling"),
    Pair("hatch build", "setuptools"),
    Pair("flit build", "flit_core"),
    Pair("poetry build", "poetry-core"),
)
"""flit builds for its own backend alone, poetry and hatch best for theirs."""

VERIFIED_DATE = 1_709_208_000
"""The date of the commit."""

PYPROJECT = """\
[build-system]
requires = {requires}
build-backend = "{backend}"

[project]
name = "tidepool"
version = "1.2.3"
description = "A small package, schön"
readme = "README.md"
requires-python = ">=3.9"
license = "MIT"
license-files = ["LICENSE"]
authors = [{{ name = "A. Author", email = "author@example.com" }}]
keywords = ["sea", "tide"]
classifiers = ["Programming Language :: Python :: 3"]
dependencies = ["attrs>=23.1", "Typing_Extensions>=4; python_version < '3.11'"]

[project.optional-dependencies]
fast = ["numpy>=1.26,<3"]

[project.urls]
Homepage = "https://example.com/tidepool"

[project.scripts]
tidepool = "tidepool:depth"
"""

FILES = {
    "README.md": "# tidepool\n\nA small package, schön.\n",
    "LICENSE": "MIT License\n",
    "src/tidepool/__init__.py": "def depth() -> None:\n    print(2)\n",
    "src/tidepool/py.typed": "",
    "src/tidepool/data/levels.csv": "1,2\r\n",
    "src/tidepool/tools/measure.py": "#!/usr/bin/env python\n",
    "src/tidepool/tools/__init__.py": "",
    "tests/test_depth.py": "def test_depth() -> None:\n    pass\n",
    ".gitignore": "dist/\n__pycache__/\n*.egg-info/\n.venv/\n.pdm-python\n",
}

EXECUTABLE = "src/tidepool/tools/measure.py"

PACKAGE_DATA = '\n[tool.setuptools.package-data]\ntidepool = ["py.typed", "data/*.csv"]\n'


def write_project(backend: str, folder: Path, date: int = VERIFIED_DATE) -> None:
    """Write a project with a commit; ``date``: that of its files, in seconds since 1970."""
    requires, module = BACKENDS[backend]
    pyproject = PYPROJECT.format(requires=requires, backend=module)
    files = {**FILES, "pyproject.toml": pyproject + (PACKAGE_DATA if backend == "setuptools" else "")}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        os.utime(path, (date, date))
    (folder / EXECUTABLE).chmod(0o755)
    stamp = f"{VERIFIED_DATE} +0000"
    environ = {**os.environ, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp, "GIT_CONFIG_GLOBAL": os.devnull}
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for args in (("init", "-q"), ("add", "--all"), (*identity, "commit", "-q", "-m", "A small package")):
        subprocess.run(["git", *args], cwd=folder, env=environ, check=True)  # noqa: S607


def build_verified(folder: Path, environment: Path) -> tuple[Path, ...]:
    """Build a project as a release does, and return its sdist and its wheel."""
    environment.parent.mkdir(parents=True, exist_ok=True)
    isolated = BuildEnvironment(environment, best_installer())
    return build_distributions(folder, folder.parent / "verified-dist", isolated, VERIFIED_DATE)


def build_by_ci(pair: Pair, folder: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Build a project as CI does, with the umask of a group; return the files."""
    command = ["sh", "-c", 'umask 002 && exec "$@"', "sh", *COMMANDS[pair.builder]]
    without = {"SOURCE_DATE_EPOCH", "VIRTUAL_ENV", "PYTHONPATH"}
    cleaned = {name: value for name, value in environ.items() if name not in without}
    done = subprocess.run(
        command, cwd=folder, env=cleaned, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode("utf-8", "replace"))
        return ()
    return tuple(sorted(path for path in Path(folder, "dist").iterdir() if path.name.endswith((".tar.gz", ".whl"))))
