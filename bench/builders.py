"""The files of the builders that CI uses, compared by content with those of seatrial; then real differences.

    python bench/builders.py [--only NAME --only NAME]

Each pair of a builder and a backend builds one project in a checkout of its own, with other dates and another umask.
None may be called different. Then each real difference is made in a file of the pairs in turn, and has to be found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

# What builds and changes projects belongs to the tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from packaging_pairs import PAIRS, Pair, build_by_ci, build_verified, write_project
from real_differences import DIFFERENCES
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution

TOOLS = {"build": (), "uv": (), "hatch": (), "flit": (), "pdm": ("hishel<1", "unearth<0.18"), "poetry": ()}
"""The builders, and the versions that they need and do not declare."""


@dataclass(frozen=True)
class Row:
    """The result of a pair: the files of CI, and what the comparison says of each."""

    pair: Pair
    files: tuple[Path, ...]
    texts: tuple[str, ...]
    is_right: bool


def main() -> None:
    """Build and compare all pairs, print a table, and exit with 1 if an answer is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", help="a builder or a backend")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "seatrial-packaging"))
    options = parser.parse_args()
    tools = install_tools(options.work)
    shutil.rmtree(options.work / "pairs", ignore_errors=True)
    pairs = [pair for pair in PAIRS if not options.only or {pair.builder, pair.backend} & set(options.only)]
    rows = [compare_pair(pair, options.work, tools) for pair in pairs]
    wrong = sum(not row.is_right for row in rows)
    print(f"{len(rows)} pairs, {wrong} called wrong\n")
    missed = [find_difference(name, rows, number, options.work) for number, name in enumerate(DIFFERENCES)]
    print(f"\n{len(missed)} real differences, {missed.count(False)} missed")
    raise SystemExit(1 if wrong or not all(missed) else 0)


def install_tools(work: Path) -> str:
    """Install each builder in an environment of its own, and return the path of their programs."""
    folders = {work / "tools" / name: requirements for name, requirements in TOOLS.items()}
    for folder, requirements in folders.items():
        if not folder.is_dir():
            subprocess.run([sys.executable, "-m", "virtualenv", "--quiet", str(folder)], check=True)
            pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", folder.name, *requirements]
            subprocess.run(pip, check=True)
    return os.pathsep.join(str(folder / "bin") for folder in folders)


def compare_pair(pair: Pair, work: Path, tools: str) -> Row:
    """Build a pair and print its row."""
    folder = work / "pairs" / f"{pair.builder}-{pair.backend}"
    write_project(pair.backend, folder / "verified")
    write_project(pair.backend, folder / "ci", date=1_700_000_000)
    verified = build_verified(folder / "verified", work / "environments" / pair.backend)
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "FLIT_NO_NETWORK": "1"}
    files = build_by_ci(pair, folder / "ci", environ)
    by_name = {path.name: path for path in files}
    texts = []
    is_right = {path.name for path in verified} == set(by_name)
    for path in verified:
        if path.name not in by_name:
            texts.append(f"{path.name} is missing among {', '.join(by_name) or 'nothing'}")
            continue
        comparison = compare(Distribution.read(path), Distribution.read(by_name[path.name]))
        is_right = is_right and comparison.sameness is not Sameness.DIFFERENT
        details = ", ".join(comparison.packaging or comparison.differences)
        texts.append(f"{path.suffix[1:]}: {comparison.sameness.value}{': ' if details else ''}{details}")
    print(f"{'ok   ' if is_right else 'WRONG'}  {pair.builder:16} {pair.backend:14} {'; '.join(texts)}", flush=True)
    return Row(pair, tuple(files), tuple(texts), is_right)


def find_difference(name: str, rows: list[Row], number: int, work: Path) -> bool:
    """Make a real difference in a file of one of the pairs, and return whether it is found."""
    difference = DIFFERENCES[name]
    built = [row for row in rows if row.files]
    row = built[number % len(built)]
    path = next(path for path in row.files if path.name.endswith(difference.suffix))
    folder = work / "differences" / str(number)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    changed = folder / path.name
    changed.write_bytes(difference.make(path.read_bytes()))
    comparison = compare(Distribution.read(path), Distribution.read(changed))
    is_found = comparison.sameness is Sameness.DIFFERENT
    names = ", ".join(comparison.differences) or comparison.sameness.value
    print(f"{'found ' if is_found else 'MISSED'}  {name:34} {row.pair.builder:16} {row.pair.backend:14} {names}")
    return is_found


if __name__ == "__main__":
    main()
