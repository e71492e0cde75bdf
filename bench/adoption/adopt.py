"""Adopt real projects: init, build, check, tests and a rehearsal for each, and a table of what came of it.

    python bench/adoption/adopt.py FOLDER... [--only init] [--json FILE]

Each FOLDER is a git directory on disk, with or without a work tree; it is cloned at its HEAD and never written to. An
empty remote stands in for the one that the project is pushed to. Nothing leaves the machine but what installs tools.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

STEPS = ("init", "build", "check", "tests", "rehearse")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
IDENTITY = ("-c", "user.name=A. Author", "-c", "user.email=author@example.invalid")


@dataclass
class Row:
    """What came of a project: ``lines`` that init changed; ``went``: seconds of each step, negative if it failed."""

    name: str
    lines: int = 0
    files: int = 0
    again: str = ""
    by_hand: str = ""
    went: dict[str, float] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    failure: str = ""


def adopt(source: Path, folder: Path, steps: list[str]) -> Row:
    """Clone a project into ``folder`` and take the steps in turn, as far as they go."""
    name = source.parent.name.partition("+")[2] or source.name.removesuffix(".git")
    row, root = Row(name), folder / name
    cloned(source, root, folder / f"{name}.git")
    for step in steps:
        begun = time.perf_counter()
        code, output = rehearsed(root) if step == "rehearse" else taken(step, root)
        (folder / f"{name}.{step}.log").write_text(output, encoding="utf-8")
        row.went[step] = round((time.perf_counter() - begun) * (-1 if code else 1), 1)
        if step == "init":
            told(row, output)
            row.by_hand = pasted(root, output)
            if not code:
                row.again = taken("init", root)[1].strip().splitlines()[-1]
                git(root, "add", "-A")
                row.files = len(git(root, "diff", "--cached", "--name-only").split())
                git(root, *IDENTITY, "commit", "-q", "--no-verify", "-m", "Adopt seatrial")
        if code:
            row.failure = f"{step}: " + " | ".join(output.strip().splitlines()[-6:])
            if step in {"init", "build"}:
                break
    return row


def cloned(source: Path, root: Path, remote: Path) -> None:
    """Make a work tree of a project, and a remote that it is pushed to."""
    git(root.parent, "clone", "-q", "--bare", str(source), str(remote))
    git(root.parent, "clone", "-q", str(remote), str(root))


def rehearsed(root: Path) -> tuple[int, str]:
    """Rehearse the next release that is not out yet: a snapshot is older than the index and its own tags."""
    for part in ("patch", "minor", "major"):
        code, output = taken("rehearse", root, part)
        if not code or not re.search(r"INDEX011|errors\.md#tagtaken", output):
            break
    return code, output


def taken(step: str, root: Path, part: str = "patch") -> tuple[int, str]:
    """Take a step and return its exit code and what was printed."""
    seatrial, nox = (sys.executable, "-m", "seatrial"), (sys.executable, "-m", "nox")
    commands = {
        "init": (*seatrial, "init", "--yes"),
        "build": (*nox, "-s", "build"),
        "check": (*nox, "-s", "check"),
        "tests": (*nox, "-s", f"tests-{HERE}"),
        "rehearse": (*seatrial, "rehearse", "--part", part, "--anyway", "--allow-empty"),
    }
    try:
        done = subprocess.run(
            commands[step], cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=900, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return 124, (error.output or b"").decode(errors="replace") + "\ntook longer than 15 minutes"
    return done.returncode, done.stdout.decode(errors="replace")


def pasted(root: Path, output: str) -> str:
    """Do what init leaves to the user: add the lines that it printed to a noxfile that was there."""
    found = re.search(r"^- noxfile.py is yours .*:\n((?:  .*\n|\n)+)", output, re.MULTILINE)
    if found:
        with (root / "noxfile.py").open("a", encoding="utf-8") as file:
            file.write("\n" + re.sub(r"^  ", "", found[1], flags=re.MULTILINE))
    return "the lines for its noxfile" if found else ""


def told(row: Row, output: str) -> None:
    """Read what init said that it found, and how much it wrote."""
    rows = re.findall(r"^(backend|version|layout|tests|changelog|tags) +(.+)$", output, re.MULTILINE)
    row.about = dict(reversed(rows))
    counted = re.search(r"(\d+) files, (\d+) lines written", output)
    row.lines = int(counted[2]) if counted else 0


def git(folder: Path, *args: str) -> str:
    """Run git."""
    done = subprocess.run(("git", *args), cwd=folder, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def table(rows: list[Row], steps: list[str]) -> str:
    """Return the rows as Markdown."""
    heads = ["project", "backend", "version", "changelog", "lines", *steps]
    cells = [
        [
            row.name,
            row.about.get("backend", ""),
            row.about.get("version", "")[:40],
            row.about.get("changelog", "")[:40],
            str(row.lines),
            *(
                f"{'failed' if row.went[step] < 0 else 'ok'} {abs(row.went[step])}" if step in row.went else ""
                for step in steps
            ),
        ]
        for row in rows
    ]
    lines = [heads, ["---"] * len(heads), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Adopt what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--only", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--keep", type=Path, help="work here, and leave it")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adoption-") as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for source in args.folders:
            rows.append(adopt(source.resolve(), folder, args.only))
            print(f"{rows[-1].name}: {rows[-1].went} {rows[-1].failure}", flush=True)
        if args.json:
            args.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")
        print(f"\n{table(rows, args.only)}")


if __name__ == "__main__":
    main()
