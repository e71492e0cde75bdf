"""Small real projects, and real nox run in them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import preloaded
import shared
from seatrial.commands import PLACEHOLDERS

HERE = "{}.{}".format(*sys.version_info)
"""The Python that runs these tests, which is always there: the one that small projects are tested on."""

WITHOUT_ACCOUNTS = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
"""What runs a command as somebody whom file permissions bind: they don't bind the superuser, that of a container."""

BUILD_SYSTEMS = {
    "hatchling": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"',
    "setuptools": 'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"',
    "flit_core": 'requires = ["flit_core>=3.11"]\nbuild-backend = "flit_core.buildapi"',
    "pdm-backend": 'requires = ["pdm-backend"]\nbuild-backend = "pdm.backend"',
    "poetry-core": 'requires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"',
    "uv_build": 'requires = ["uv_build>=0.8"]\nbuild-backend = "uv_build"',
}

PYPROJECT = """\
[build-system]
{build_system}

[project]
name = "tidepool"
version = "1.2.3"
description = "A small package"
readme = "README.md"
requires-python = ">=3.9"
license = "MIT"
license-files = ["LICENSE"]
authors = [{{ name = "A. Author" }}]
classifiers = [
{classifiers}
]

[dependency-groups]
test = ["pytest>=8"]
"""

NOXFILE = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

"""

TEST = """\
import tidepool


def test_depth() -> None:
    assert tidepool.depth(2) == 4
"""

MODULE = '''\
"""A small package."""

__version__ = "1.2.3"


def depth(level: int) -> int:
    """Return the depth of a level."""
    return level * 2
'''


UNRENDERED = tuple(
    text.format(ord(placeholder)) for placeholder in PLACEHOLDERS for text in ("{:c}", "\\u{:04x}", "&#{};")
)
"""What a command of seatrial begins with that was not rendered, as it is and as JSON, Python and Markdown escape it."""


@dataclass(frozen=True)
class RunResult:
    """A command that has run: its exit code and all that it printed."""

    returncode: int
    output: str

    def __post_init__(self) -> None:
        """Whatever runs, no command of seatrial reaches its output as data."""
        assert not [sign for sign in UNRENDERED if sign in self.output], self.output

    @property
    def summary(self) -> str:
        """The closing summary of seatrial: durations as ``N s``, columns two spaces apart."""
        lines = self.output.splitlines()
        heads = [number for number, line in enumerate(lines) if re.fullmatch(r" +(any|\d\.\d+)(  .*)?", line)]
        table, blank, after = "\n".join(lines[heads[-1] :]).partition("\n\n") if heads else ("", "", "")
        return normalised(re.sub(r" {2,}(?=\S)", "  ", table) + blank + after)

    @property
    def message(self) -> str:
        """The error that it ended with: everything from the last line that begins with the program's name."""
        before, mark, text = f"\n{self.output}".rpartition("\nseatrial: ")
        return f"{mark[1:]}{text}" if mark else before[1:]

    @property
    def was_a_traceback(self) -> bool:
        """Whether Python's traceback was shown to the user."""
        return "Traceback (most recent call last)" in self.output


@dataclass(frozen=True)
class SampleProject:
    """A project in ``root``, and what its commands find in their environment."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, files: dict[str, str]) -> None:
        """Write files, by their path below the root."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def commit(self, message: str = "A commit") -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def git(self, *args: str) -> str:
        """Run git."""
        ran = self.run("git", *args)
        assert ran.returncode == 0, ran.output
        return ran.output

    def nox(self, *args: str, **environ: str) -> RunResult:
        """Run nox with the Python that runs these tests."""
        return self.run(sys.executable, "-m", "nox", *args, **environ)

    def invoke(self, *args: str, **environ: str) -> RunResult:
        """Run invoke with the Python that runs these tests."""
        return self.run(sys.executable, "-m", "invoke", *args, **environ)

    def seatrial(self, *args: str, **environ: str) -> RunResult:
        """Run seatrial as a program, which needs no tasks.py, with the Python that runs these tests."""
        return self.run(sys.executable, "-m", "seatrial", *args, **environ)

    def run(self, *args: str, **environ: str) -> RunResult:
        """Run a command in the project."""
        env = {**self.environ, **environ}
        server = shared.server()
        if server.is_reachable and preloaded.can_run(args, env, server.env):
            code, output = server.run(args, self.root, env)
            return RunResult(code, output.decode().replace("\r\n", "\n"))
        done = subprocess.run(
            args,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return RunResult(done.returncode, done.stdout.decode().replace("\r\n", "\n"))


def package(
    project: SampleProject, *sessions: str, backend: str = "hatchling", pythons: tuple[str, ...] = (HERE,)
) -> SampleProject:
    """Write a small healthy package with these lines in its noxfile, and commit it."""
    classifiers = "\n".join(f'  "Programming Language :: Python :: {python}",' for python in pythons)
    project.write(
        {
            "pyproject.toml": PYPROJECT.format(build_system=BUILD_SYSTEMS[backend], classifiers=classifiers),
            "README.md": "# tidepool\n\nA small package.\n",
            "LICENSE": "MIT License\n",
            "noxfile.py": NOXFILE + "\n".join(f"sessions.{line}" for line in sessions) + "\n",
            "src/tidepool/__init__.py": MODULE,
            "src/tidepool/py.typed": "",
            "tests/test_tidepool.py": TEST,
            ".gitignore": "dist/\n.nox/\n__pycache__/\n",
        }
    )
    project.git("init", "-q", "-b", "main")
    project.commit("A small package")
    return project


def environment(home: Path) -> dict[str, str]:
    """Return an environment for commands: nothing of this user's but PATH and the download caches."""
    kept = ("PATH", "PYENV_ROOT", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
    certificates = ("PIP_CERT", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    indexes = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
    real = Path.home() / ".cache"
    rustup = Path(os.environ.get("RUSTUP_HOME", Path.home() / ".rustup"))
    return {
        **{name: os.environ[name] for name in (*kept, *certificates, *indexes) if name in os.environ},
        # uv is installed next to this Python, so its printed commands can be run.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        **({"RUSTUP_HOME": str(rustup)} if rustup.is_dir() else {}),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(real / "uv")),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(real / "pip")),
        **shared.variables(),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        # A file, because git config --global replaces what it writes to, also a device.
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "A. Author",
        "GIT_AUTHOR_EMAIL": "author@example.invalid",
        "GIT_COMMITTER_NAME": "A. Author",
        "GIT_COMMITTER_EMAIL": "author@example.invalid",
        "GIT_AUTHOR_DATE": "2024-02-29T12:00:00+00:00",
        "GIT_COMMITTER_DATE": "2024-02-29T12:00:00+00:00",
    }


def normalised(text: str, **replacements: object) -> str:
    """Return output without what differs from run to run: durations, and the paths in ``known`` by their name."""
    for name, value in replacements.items():
        text = text.replace(str(value), f"{{{name}}}")
    text = re.sub(r"\d+\.\d s\b", "N s", text)
    text = re.sub(r" +\n", "\n", text).strip()
    return f"{text}\n" if text else ""


def lines(text: str) -> str:
    """Return an indented text of a test as it is meant."""
    return textwrap.dedent(text).strip() + "\n"
