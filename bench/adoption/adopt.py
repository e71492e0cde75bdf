"""Adopt real projects: init, and a rehearsal of the next release, and a table of what came of it.

    python bench/adoption/adopt.py FOLDER... [@LIST] [--no-tests | --trial-only] [--limit SECONDS] [--keep FOLDER]

Each FOLDER is a git directory on disk, with or without a work tree; LIST is a file that names one in each line. It is
cloned at its HEAD and never written to. With --keep, what init changed is in NAME.diff, and what it and the rehearsal
printed is in NAME.init.log and NAME.rehearse.log. An empty remote stands in for the one that the project is pushed to.
Nothing leaves the machine but what installs tools.

The columns: how init ended and how many lines it changed; the tests with seatrial and in the project's own way, as the
trial of init counts them; the rehearsal of the release; the cause, where one of them failed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=A. Author", "-c", "user.email=author@example.invalid")
SEATRIAL = (sys.executable, "-m", "seatrial")
PARTS = ("auto", "patch", "minor", "major")
NOT_OUT_YET = re.compile(r"INDEX011|TagTaken|PartTooSmall")
"""What a rehearsal says of a version that is out already: a snapshot is older than the index and its own tags."""

TESTS = re.compile(
    r"^\S tests +(?P<seatrial>[^(:\n]+?)(?: \((?P<how>[^:]+): (?P<own>[^)]+)\))?(?:: .*)?$", re.MULTILINE
)
REHEARSED = re.compile(r"^\S rehearse +(\S.*)$", re.MULTILINE)
WRITTEN = re.compile(r"(\d+) files?, (\d+) lines? written")
LEFT_TO_USER = re.compile(r"^- noxfile.py is yours .*:\n((?:  .*\n|\n)+)", re.MULTILINE)


@dataclass
class Row:
    """What came of a project: each field is a cell of the table, "" where it did not come to that."""

    name: str
    init: str = ""
    lines: int = 0
    seatrial: str = ""
    own: str = ""
    rehearsal: str = ""
    cause: str = ""
    seconds: float = 0.0


def name_of(source: Path) -> str:
    """Return the name of a project: that of its folder, or that after the owner in ``OWNER+NAME/repo/.git``."""
    owned = next((part for part in reversed(source.parts) if "+" in part), None)
    names = [owned.partition("+")[2]] if owned else [source.name.removesuffix(".git"), source.parent.name]
    return next(name for name in names if name)


def adopt(source: Path, folder: Path, *, tests: bool, limit: int, trial_only: bool) -> Row:
    """Clone a project into ``folder``, adopt it, and rehearse its next release.

    ``limit``: how many seconds the trial of init and each rehearsal may take; ``trial_only``: whether the rehearsal
    is that of the trial, which runs no tests, because the trial has run them on the newest Python.
    """
    name = name_of(source)
    row, root, begun = Row(name), folder / name, time.perf_counter()
    git(folder, "clone", "-q", "--bare", str(source), str(folder / f"{name}.git"))
    git(folder, "clone", "-q", str(folder / f"{name}.git"), str(root))
    code, output = run(root, folder / f"{name}.init.log", "init", "--yes", "--limit", str(limit), seconds=limit + 300)
    row.init = "ended well" if not code else f"exit code {code}"
    if code:
        row.cause = last_lines(output)
    else:
        read_trial(row, output)
        add_lines(root, output)
        git(root, "add", "--all")
        git(root, *IDENTITY, "commit", "-q", "--no-verify", "--allow-empty", "-m", "Adopt seatrial")
        git(root, "show", "--format=", f"--output={folder / f'{name}.diff'}", "HEAD")
        if trial_only:
            match = next(reversed(list(REHEARSED.finditer(output))), None)
            row.rehearsal = f"in the trial: {match[1] if match else 'none'}"
            row.cause = "" if match and match[1] == "ready" else last_lines(output)
            row.seconds = round(time.perf_counter() - begun, 1)
            return row
        options = () if tests else ("--no-tests",)
        for part in PARTS:
            arguments = ("rehearse", part, "--anyway", "--allow-empty", *options)
            code, output = run(root, folder / f"{name}.rehearse.log", *arguments, seconds=limit)
            if not code or not NOT_OUT_YET.search(output):
                break
        row.rehearsal = f"{part}: {'ready' if not code else f'exit code {code}'}"
        row.cause = last_lines(output) if code else ""
    row.seconds = round(time.perf_counter() - begun, 1)
    return row


def run(root: Path, log: Path, *arguments: str, seconds: int) -> tuple[int, str]:
    """Run seatrial in a project and return its exit code and what it printed, which is kept."""
    command = (*SEATRIAL, *arguments)
    with log.open("wb") as file:
        child = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            # SIGTERM, because seatrial ends its own children then.
            child.terminate()
            child.wait(60)
            code = 124
            file.write(f"\ntook longer than {seconds} seconds\n".encode())
    output = log.read_text(encoding="utf-8", errors="replace")
    return code, output


def read_trial(row: Row, output: str) -> None:
    """Read how much init wrote, and how many tests there were with seatrial and in the project's own way."""
    written, tests = WRITTEN.search(output), TESTS.search(output)
    row.lines = int(written[2]) if written else 0
    if tests:
        row.seatrial = tests["seatrial"]
        row.own = f"{tests['own']} ({tests['how']})" if tests["own"] else ""


def add_lines(root: Path, output: str) -> None:
    """Do what init leaves to the user: add the lines that it printed to a noxfile of the project's own."""
    match = LEFT_TO_USER.search(output)
    if match:
        with (root / "noxfile.py").open("a", encoding="utf-8") as file:
            file.write("\n" + re.sub(r"^  (?:at its top: .*\n)?", "", match[1], flags=re.MULTILINE))


def last_lines(output: str) -> str:
    """Return the end of an output in one line."""
    return " / ".join(line.strip() for line in output.strip().splitlines()[-6:])


def git(folder: Path, *arguments: str) -> None:
    """Run git."""
    subprocess.run(("git", *arguments), cwd=folder, stdout=subprocess.DEVNULL, check=True)


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    heads = ("name", "init", "lines", "seatrial", "own", "rehearsal", "cause")
    cells = [[str(asdict(row)[head]).replace("|", "\\|")[:160] for head in heads] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *cells])


def main() -> None:
    """Adopt what the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, fromfile_prefix_chars="@"
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--no-tests", action="store_true", help="rehearse without the tests")
    parser.add_argument("--trial-only", action="store_true", help="no rehearsal but that of init's trial")
    parser.add_argument("--limit", type=int, default=900, metavar="SECONDS", help="of init's trial, and of a rehearsal")
    parser.add_argument("--keep", type=Path, help="work here, and leave it")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="adoption-") as temporary:
        folder = (arguments.keep or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        rows = []
        for source in arguments.folders:
            rows.append(
                adopt(
                    source.resolve(),
                    folder,
                    tests=not arguments.no_tests,
                    limit=arguments.limit,
                    trial_only=arguments.trial_only,
                )
            )
            print(json.dumps(asdict(rows[-1])), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
