"""Combine the coverage data of several Pythons, measured in site-packages, into that of the source tree.

    python combine_coverage.py SOURCES DATA [DATA …]

Run by the Python of the environment that holds coverage, so it imports nothing else of seatrial.
"""

from __future__ import annotations

import sys
from typing import Any

from coverage import Coverage


def combine(sources: str, files: list[str]) -> None:
    """Combine ``files`` into the project's data file; the wheel's modules count as those in ``sources``.

    A ``[paths]`` of the project's own gets the wheel's folders (coverage, "Configuration: [paths]").
    """
    coverage = Coverage()
    paths = coverage.get_option("paths") or {}
    coverage.set_option("paths", {**_with_wheel(paths), "seatrial": [sources, "*/site-packages"]})
    coverage.combine(files, strict=True)
    coverage.save()


def _with_wheel(paths: Any) -> dict[str, list[str]]:
    """Return the groups of folders that are the same, each with that of the wheel."""
    return {name: [*folders, *_in_wheel(str(folders[0]))] for name, folders in dict(paths).items() if folders}


def _in_wheel(folder: str) -> tuple[str, ...]:
    parts = [part for part in folder.replace("\\", "/").split("/") if part not in {"", "."}]
    is_absolute = folder.startswith(("/", "*")) or ":" in folder
    return () if is_absolute else ("/".join(("*/site-packages", *parts[parts[:1] == ["src"] :])),)


if __name__ == "__main__":
    combine(sys.argv[1], sys.argv[2:])
