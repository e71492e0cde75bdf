"""Combine the coverage data of several Pythons, measured in site-packages, into that of the source tree.

    python combine_coverage.py SOURCES DATA [DATA …]

Run by the Python of the environment that holds coverage, so it imports nothing else of seatrial.
"""

from __future__ import annotations

import sys

from coverage import Coverage


def combine(sources: str, files: list[str]) -> None:
    """Combine ``files`` into the project's data file; the wheel's modules count as those in ``sources``.

    A ``[paths]`` of the project's own is left as it is (coverage, "Configuration: [paths]").
    """
    coverage = Coverage()
    if not coverage.get_option("paths"):
        coverage.set_option("paths", {"sources": [sources, "*/site-packages"]})
    coverage.combine(files, strict=True)
    coverage.save()


if __name__ == "__main__":
    combine(sys.argv[1], sys.argv[2:])
