"""What listing costs: `nox -l` and `invoke -l` in this repository, against the same tools with nothing to list.

python bench/startup.py [--runs 15]

Run it with the Python of an environment that has seatrial installed. The base of each pair is the tool itself with a
file that registers one session, or one task, and imports nothing else.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from timing import Comparison, Contestant, compare

HERE = Path(__file__).resolve().parent.parent
BARE = {
    "noxfile.py": "import nox\n\n\n@nox.session\ndef one(session):\n    pass\n",
    "tasks.py": "from invoke.tasks import task\n\n\n@task\ndef one(context):\n    pass\n",
}


def main() -> None:
    """Measure both pairs and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    measure(options.runs)


def measure(runs: int) -> list[Comparison]:
    """Measure both pairs."""
    with tempfile.TemporaryDirectory() as scratch:
        bare = Path(scratch, "bare")
        bare.mkdir()
        for name, text in BARE.items():
            bare.joinpath(name).write_text(text, encoding="utf-8")
        comparisons = []
        for tool in ("nox", "invoke"):
            lists = f"{shlex.quote(sys.executable)} -m {tool} -l"
            contestants = [
                Contestant("bare", lists, bare),
                Contestant("seatrial", f"cd {shlex.quote(str(HERE))} && {lists}", bare),
            ]
            comparisons.append(compare(contestants, title=f"{tool} -l", base="bare", runs=runs, warm_up=2))
        return comparisons


if __name__ == "__main__":
    main()
