"""What the file name of a distribution states: its kind, project, version and tags (PEP 425, PEP 427, PEP 625)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from packaging.utils import parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import NormalizedName
    from packaging.version import Version


class FileKind(Enum):
    """What a file is by its name, which is how an index and an installer decide."""

    SDIST = "sdist"
    WHEEL = "wheel"
    NEITHER = "neither"

    @classmethod
    def of(cls, name: str) -> FileKind:
        """Return the kind of a file name; a zip file is an sdist of old."""
        if name.lower().endswith(".whl"):
            return cls.WHEEL
        return cls.SDIST if name.lower().endswith((".tar.gz", ".zip")) else cls.NEITHER


@dataclass(frozen=True)
class FileName:
    """The parts of the file name of an sdist or a wheel; ``tags``: those of a wheel, empty for an sdist."""

    project: NormalizedName
    version: Version
    tags: frozenset[Tag] = frozenset()

    @classmethod
    def parse(cls, name: str) -> FileName:
        """Read a file name. Raises `ValueError` with the sentence of packaging, which is that of PyPI."""
        is_wheel = FileKind.of(name) is FileKind.WHEEL
        try:
            if is_wheel:
                project, version, _, tags = parse_wheel_filename(name)
                return cls(project, version, tags)
            return cls(*parse_sdist_filename(name))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError):
            # What a name that was made to do harm makes packaging raise.
            kind = "wheel" if is_wheel else "source distribution"
            raise ValueError(f"Invalid {kind} filename: {name!r}") from None

    @property
    def is_for_any_machine(self) -> bool:
        """Whether a wheel is the same wherever it was built: none of its tags names a platform (PEP 425)."""
        return all(tag.platform == "any" for tag in self.tags)

    def fits(self, python: str) -> bool:
        """Whether a wheel can be installed on CPython ``python``: ``"3.12"``, or ``"3.14t"`` (PEP 425, PEP 703)."""
        minor, is_free_threaded = int(re.findall(r"\d+", python)[1]), python.endswith("t")
        for tag in self.tags:
            interpreter = re.fullmatch(r"(?:py|cp)3(\d*)", tag.interpreter)
            oldest = int(interpreter[1] or 0) if interpreter else sys.maxsize
            fits_newer = tag.abi == "abi3" or tag.interpreter.startswith("py")
            fits_build = tag.abi == "none" or tag.abi.endswith("t") == is_free_threaded
            if fits_build and (oldest == minor or (fits_newer and oldest < minor)):
                return True
        return False
