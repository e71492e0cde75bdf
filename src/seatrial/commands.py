"""Commands of seatrial in messages, as data, and how the program was called, which renders them.

Only a face can read how it was called: it makes an `Invocation` of its command line and environment, and renders with
it each `Command` in everything that it shows.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path

from seatrial.redaction import redact

TASK_PLACEHOLDER, PROGRAM_PLACEHOLDER = "\ufdd0", "\ufdd1"
"""What a command in a text begins with, until it is rendered: noncharacters (Unicode, 23.7), which no file contains."""

NOX = "\ufdd2"
"""nox in a text, until it is rendered, where it may be missing on PATH."""

PLACEHOLDERS = (TASK_PLACEHOLDER, PROGRAM_PLACEHOLDER, NOX)

PATTERN = re.compile(r"[\w./-]+/\*", re.ASCII)
"""A pattern that the shell expands, such as ``dist/*``."""


@dataclass(frozen=True, init=False)
class Command:
    """A command of seatrial: ``Command("release", "--part", "minor")``.

    ``words``: the task and its options, or nothing; ``is_program_only``: whether only the program takes it, and invoke
    does not. In a text it is its words behind a placeholder, which ``seatrial.commands.Invocation.render`` replaces.
    """

    words: tuple[str, ...]
    is_program_only: bool

    def __init__(self, *words: object, program_only: bool = False) -> None:
        object.__setattr__(self, "words", tuple(map(str, words)))
        object.__setattr__(self, "is_program_only", program_only)

    def with_words(self, *words: object) -> Command:
        """Return the command with further words."""
        return Command(*self.words, *words, program_only=self.is_program_only)

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object, with its text for a face to render."""
        return {"text": str(self), "program": "seatrial", "words": list(self.words)}

    def __str__(self) -> str:
        placeholder = PROGRAM_PLACEHOLDER if self.is_program_only else TASK_PLACEHOLDER
        words = (word if PATTERN.fullmatch(word) else shlex.quote(word) for word in self.words)
        return " ".join((placeholder, *words))


RELEASE = Command("release")

INVOKE, PROGRAM = "invoke", "seatrial"
NAMES = (INVOKE, "inv", PROGRAM)
"""The programs that run tasks."""

CALLED_VARIABLE = "SEATRIAL_CALLED"
"""The environment variable with the `task_prefix` of a parent process, whose user reads the messages of the child."""

MODULE = "__main__.py"


@dataclass(frozen=True)
class Invocation:
    """How the program was called: by which command line, program and words, and with which environment variables."""

    argv: tuple[str, ...]
    environ: Mapping[str, str]

    def render(self, text: object) -> str:
        """Return a text with the commands of seatrial in it as they can be typed here."""
        rendered = str(text)
        if TASK_PLACEHOLDER in rendered:
            rendered = rendered.replace(TASK_PLACEHOLDER, self.task_prefix)
        if PROGRAM_PLACEHOLDER in rendered:
            rendered = rendered.replace(PROGRAM_PLACEHOLDER, self.program_prefix)
        if NOX in rendered:
            rendered = rendered.replace(NOX, self._typable("nox"))
        return rendered

    def repeated(self, task: str, option: str) -> str:
        """Return the command that was typed, with a further option for one of its tasks."""
        words = self.argv[1:]
        at = [place for place, word in enumerate(words, 1) if word.rpartition(".")[2] == task]
        if self._name is None or not at:
            return self.render(Command(task, option))
        repeated = [*words[: at[-1]], option, *words[at[-1] :]]
        return redact(f"{self._typable(self._name)} {shlex.join(repeated)}")

    @cached_property
    def task_prefix(self) -> str:
        """The words before a task: the program, by default invoke, and the project if it was named."""
        folder = split_project_option(self.argv[1:])[0] if self._name == PROGRAM or "init" in self.argv else None
        if folder:
            return f"{self.program_prefix} --project {shlex.quote(folder)}"
        return self.environ.get(CALLED_VARIABLE) or (self._typable(self._name) if self._name else INVOKE)

    @cached_property
    def program_prefix(self) -> str:
        """The words before a command that only the program takes, and invoke does not."""
        return self._typable(PROGRAM)

    @cached_property
    def _name(self) -> str | None:
        """The name of the program that runs, None for one that runs no tasks."""
        path = Path(self.argv[0] if self.argv else "")
        name = path.parent.name if path.name == MODULE else path.stem
        return name if name in NAMES else None

    def _typable(self, name: str) -> str:
        """Return a program as it can be typed: its name if that leads to this environment, else a path or uv."""
        scripts = str(Path(sys.executable).parent)
        path = self.environ.get("PATH", "").split(os.pathsep)
        # uv puts the environment of what it runs first on PATH, only for that process.
        of_uv = "UV" in self.environ and path[0] == scripts
        if name == self._name and Path(self.argv[0]).name != MODULE:
            here = shutil.which(self.argv[0], path=self.environ.get("PATH"))
        else:
            here = shutil.which(name, path=scripts)
        usual = shutil.which(name, path=os.pathsep.join(path[1:] if of_uv else path))
        if here and usual and Path(here).samefile(usual):
            return name
        if of_uv and "UV_RUN_RECURSION_DEPTH" in self.environ:
            return f"uv run {name}"
        if of_uv:
            return uvx_call(name, own_origin())
        return shlex.join([here] if here else [sys.executable, "-m", name])


@dataclass(frozen=True)
class Origin:
    """Where a distribution was installed from: an ``address``, a wheel or folder on this ``machine``, or an index."""

    address: str | None = None
    machine: str | None = None

    @classmethod
    def of(cls, text: str | None) -> Origin:
        """Read ``direct_url.json`` (PEP 610), which an installation from an index does not have."""
        # Few messages need it, and a start that imports it takes longer.
        from urllib.parse import urlsplit  # noqa: PLC0415
        from urllib.request import url2pathname  # noqa: PLC0415

        try:
            origin = json.loads(text or "{}")
            url = str(origin.get("url", ""))
            if "vcs_info" in origin:
                revision = origin["vcs_info"].get("requested_revision")
                return cls(address=f"{origin['vcs_info']['vcs']}+{url}{f'@{revision}' if revision else ''}")
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


def uvx_call(name: str, origin: Origin) -> str:
    """Return how uv runs a program of seatrial, or nox with seatrial, where nothing is installed."""
    # The noxfile brings seatrial from an address, and contains no path of a machine.
    option, source = ("--from", origin.address or origin.machine) if name in NAMES else ("--with", origin.machine)
    return shlex.join(["uvx", *([option, source] if source else []), name])


def split_project_option(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the folder of ``--project``, None without one, and the other words; the option may be anywhere."""
    for at, word in enumerate(words[: words.index("--")] if "--" in words else words):
        if word == "--project" and words[at + 1 :] and not words[at + 1].startswith("-"):
            return words[at + 1], [*words[:at], *words[at + 2 :]]
        if word.startswith("--project="):
            return word.partition("=")[2] or None, [*words[:at], *words[at + 1 :]]
    return None, list(words)
