"""Start-up, releases and the matrix, measured with one command; it writes the tables of the README and docs/release.md.

    python bench/all.py [--runs 3] [--write]

Runs `startup.py`, `release.py` and `matrix.py`, and prints how busy the rest of the machine was. ``--write`` puts the
figures between the marks ``<!-- bench -->`` and ``<!-- /bench -->``, with the versions of the peers and the noise.
Takes about an hour on two cores.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import matrix
import peers
import startup
from timing import NOISY

import release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from timing import Comparison


MODES = {"warm": "nothing changed", "edit": "one line changed", "kept": "cold, with the user's cache", "cold": "cold"}
MARKED = re.compile(r"(?<=<!-- bench -->\n).*(?=<!-- /bench -->)", re.DOTALL)


def main() -> None:
    """Measure, print, and write if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the tables of the pages")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "seatrial-bench"))
    options = parser.parse_args()
    listings = startup.measure(options.runs * 5)
    releases = release.measure(options.work, options.runs + 2)
    matrices = [matrix.measure(options.work, mode, options.runs) for mode in MODES]
    tools = options.work / "tools"
    pages = {
        "README.md": table(matrices, tuple(MODES.values()), peers.versions(tools, peers.PEERS)),
        "docs/release.md": "\n".join(
            table(part, [comparison.title for comparison in part], peers.versions(tools, contestants))
            for part, contestants in ((releases[:2], {**release.HAND, **release.PEERS}), (releases[2:], {}))
        ),
    }
    for page, text in pages.items():
        print(f"\n{page}:\n\n{text}")
        if options.write:
            path = peers.CHECKOUT / page
            path.write_text(marked(path.read_text(encoding="utf-8"), text), encoding="utf-8")
    print(noise([*listings, *releases, *matrices]))


def table(comparisons: Sequence[Comparison], titles: Sequence[str], versions: Mapping[str, str]) -> str:
    """Return a Markdown table with a row for each comparison, its base left out, and how it was measured."""
    names = list(dict.fromkeys(name for comparison in comparisons for name in comparison.ratios))
    names = [
        name
        for name in names
        if any(name != comparison.base for comparison in comparisons if name in comparison.ratios)
    ]
    rows = [
        (
            f"{title} (× {comparison.base})",
            *(f"{comparison.ratios[name]:.2f}" if name in comparison.ratios else "" for name in names),
        )
        for title, comparison in zip(titles, comparisons)
    ]
    lines = [("", *names), ("---", *["--:"] * len(names)), *rows]
    body = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    listed = "".join(f", {name} {version}" for name, version in versions.items())
    runs = "/".join(dict.fromkeys(str(comparison.runs) for comparison in comparisons))
    return f"{body}\nMedians of {runs} runs in turn{listed}. {noise(comparisons)}\n"


def noise(comparisons: Sequence[Comparison]) -> str:
    """Return a sentence about what else the machine did."""
    foreign = max(comparison.foreign for comparison in comparisons)
    state = "busy (measure again)" if foreign > NOISY else "quiet"
    return f"The machine was {state}: other programs kept up to {foreign:.2f} cores busy."


def marked(page: str, text: str) -> str:
    """Return a page with a text between its marks. Raises `SystemExit` when it has none."""
    if not MARKED.search(page):
        raise SystemExit("the page has no <!-- bench --> and <!-- /bench -->")
    return MARKED.sub(lambda _: text, page, count=1)


if __name__ == "__main__":
    main()
