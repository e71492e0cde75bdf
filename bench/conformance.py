"""Compare what seatrial writes with what bump-my-version and towncrier write, on the configurations of their own tests.

Needs the sources of bump-my-version, which are not a part of this repository, and an environment that has seatrial and
pytest: python bench/conformance.py BUMP_MY_VERSION

For bump-my-version: each configuration among its fixtures and in the texts of its tests is put into a folder with the
files that it names; bump-my-version changes one copy, seatrial another. For towncrier: its tests run, and every folder
in which one of them builds a changelog is kept as it was before; towncrier builds it in one copy, seatrial in another.
The outcomes: the same files; one of them refuses, with its words; or different files, which are printed.
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from seatrial.errors import SeatrialError
from seatrial.project.changelog import ChangelogSettings, new_changelog
from seatrial.project.project import Project
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.write_entry import assemble_changelog
from seatrial.project.write_version import raise_version, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SAME, BLANK_LINES = "the same files", "the same but for blank lines"
BOTH_REFUSE, REFUSED, DIFFERENT = "both refuse", "seatrial refuses", "DIFFERENT"
OURS_ALONE = "the other one refuses"
WITHOUT_VERSION = "1.0.0"
"""The version of a project where a configuration names none."""

ENDS = {"[bumpversion": ".bumpversion.cfg", "[tool.bumpversion": ".bumpversion.toml"}


def main() -> int:
    """Compare both; return 1 when files differ."""
    if len(sys.argv) != len(("conformance.py", "BUMP_MY_VERSION")):
        print(__doc__)
        return 2
    return max(compare_bumps(Path(sys.argv[1]).resolve()), compare_changelogs())


def compare_bumps(source: Path) -> int:
    """Compare the files that each configuration of bump-my-version changes."""
    outcomes = Counter[str]()
    for name, file, text in configurations(source / "tests"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            version = prepare_project(root / "before", file, text, source / "tests/fixtures")
            none = "its current version is no version of PEP 440"
            outcome, words = compare_bump(root, file, version) if version else (REFUSED, none)
        outcomes[outcome] += 1
        print(f"{name}: {outcome}{words and f': {words}'}", flush=True)
    print(f"bump-my-version: {sum(outcomes.values())} configurations; {dict(outcomes.most_common())}")
    return int(outcomes[DIFFERENT] > 0)


def configurations(tests: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the file and the text of each configuration, in fixtures and in tests."""
    for path in sorted((tests / "fixtures").rglob("*")):
        if path.suffix in {".toml", ".cfg"} and "bumpversion" in path.read_text():
            yield path.name, path.name if path.name in {"pyproject.toml", "setup.cfg"} else "", path.read_text()
    for path in sorted(tests.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = textwrap.dedent(node.value).lstrip()
                if re.search(r"^\[(?:tool\.)?bumpversion\]", text, re.MULTILINE) and "{{" not in text:
                    yield f"{path.name}:{node.lineno}", "", text


def prepare_project(root: Path, file: str, text: str, fixtures: Path) -> Version | None:
    """Write a project with a configuration and the files that it names; return its version, None for none."""
    root.mkdir()
    file = file or next(name for start, name in ENDS.items() if start in text)
    (root / file).write_text(text)
    match = re.search(r"^current_version[ \t]*[=:][ \t]*[\"']?([^\"'\s]+)", text, re.MULTILINE)
    current = match[1] if match else WITHOUT_VERSION
    try:
        version = Version(current)
    except InvalidVersion:
        return None
    table = f'[project]\nname = "peer"\nversion = "{current}"\n'
    pyproject = (root / "pyproject.toml").read_text() if file == "pyproject.toml" else ""
    if "[project]" not in pyproject:
        (root / "pyproject.toml").write_text(f"{pyproject}\n{table}")
    settings = read_settings(Project.from_directory(root))
    for entry in settings["files"]:
        search = str(entry.get("search") or settings.get("search") or "{current_version}")
        write_named_file(root, entry, search.replace("{current_version}", current), fixtures)
    return version


def write_named_file(root: Path, entry: dict[str, Any], search: str, fixtures: Path) -> None:
    """Write a file that a configuration names, as it is among the fixtures, or with what is searched in it."""
    name = str(entry.get("filename") or str(entry.get("glob", "")).replace("**/", "").replace("*", "some"))
    path = root / name
    if not name or name == "pyproject.toml" or root not in path.resolve().parents:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    original = next(iter(sorted(fixtures.rglob(path.name))), None)
    old = path.read_text() if path.exists() else (original.read_text() if original else "")
    # A text that the patterns of these tests match.
    found = re.sub(
        r"\\d\{(\d)\}", lambda match: "2" * int(match[1]), search.lstrip("^").replace("{{", "{").replace("}}", "}")
    )
    path.write_text(old if found in old else f"{old}{found}\n")


def compare_bump(root: Path, file: str, version: Version) -> tuple[str, str]:
    """Have both raise the version in a copy of a project; return the outcome, and the words for it."""
    # As many numbers as there are: some of these configurations take no others.
    numbers = (
        (version.major, version.minor + 1, 0)[: len(version.release)] if version.release[1:] else (version.major + 1,)
    )
    new = Version(".".join(map(str, numbers)))
    theirs, ours = root / "theirs", root / "ours"
    for copy in (theirs, ours):
        shutil.copytree(root / "before", copy)
    name = file or next(path.name for path in theirs.iterdir() if path.name.startswith(".bumpversion"))
    program = str(Path(sys.executable).parent / "bump-my-version")
    command = (program, "bump", "--config-file", name, "--new-version", str(new))
    options = ["--allow-dirty", "--no-commit", "--no-tag"]
    if not re.search(r"^current_version", (theirs / name).read_text(), re.MULTILINE):
        options += ["--current-version", WITHOUT_VERSION]
    done = subprocess.run((*command, *options), cwd=theirs, capture_output=True, text=True, check=False)
    files = tuple(PurePosixPath(path.relative_to(ours)) for path in sorted(ours.rglob("*")) if path.is_file())
    try:
        raise_version(ProjectSnapshot.of(ours, files, ()), new)
    except SeatrialError as error:
        return (BOTH_REFUSE if done.returncode else REFUSED), error.what.replace("\n", " ")
    if done.returncode:
        return OURS_ALONE, done.stderr.strip().splitlines()[-1]
    # bump-my-version changes the version of the project only where it is configured for that, and not its own note of
    # the version where the texts that it searches do not have it.
    (theirs / "pyproject.toml").write_text(
        re.sub(r'(?m)^((?:current_)?version) = "[^"]*"$', rf'\1 = "{new}"', (theirs / "pyproject.toml").read_text())
    )
    words = difference(theirs, ours)
    return (DIFFERENT, words) if words else (SAME, "")


def difference(theirs: Path, ours: Path) -> str:
    """Return the lines in which the files of two folders differ."""
    lines: list[str] = []
    for path in sorted({path.relative_to(top) for top in (theirs, ours) for path in top.rglob("*")}):
        old, new = ((top / path).read_text().splitlines() if (top / path).is_file() else [] for top in (theirs, ours))
        lines += difflib.unified_diff(old, new, f"theirs/{path}", f"ours/{path}", n=0, lineterm="")
    return "\n  ".join(["", *lines]) if lines else ""


RECORDER = """\
import json, os, pathlib, shutil
import _pytest.unittest
from click.testing import CliRunner
# What stands in for Twisted is not Twisted.
_pytest.unittest._get_twisted_version = lambda: _pytest.unittest.TwistedVersion.NotInstalled
TO = pathlib.Path(os.environ["RECORD_TO"])
invoke = CliRunner.invoke
def recorded(self, cli, args=None, **more):
    args = [str(word) for word in args or ()]
    place = TO / f"{len(list(TO.iterdir())):03}"
    is_build = not {"create", "check", "--help"} & {*args}
    if is_build:
        shutil.copytree(pathlib.Path.cwd(), place / "before", ignore=shutil.ignore_patterns(".git"))
    result = invoke(self, cli, args, **more)
    if is_build:
        shutil.copytree(pathlib.Path.cwd(), place / "after", ignore=shutil.ignore_patterns(".git"))
        test = os.environ.get("PYTEST_CURRENT_TEST", "")
        text = json.dumps({"args": args, "code": result.exit_code, "output": result.output, "test": test})
        (place / "run.json").write_text(text)
    return result
CliRunner.invoke = recorded
"""


def compare_changelogs() -> int:
    """Compare the changelogs that the tests of towncrier build, which are installed with it."""
    outcomes = Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "recorder.py").write_text(RECORDER)
        # Of Twisted, the tests take the class of test cases alone.
        trial = Path(folder) / "twisted/trial"
        trial.mkdir(parents=True)
        (trial / "unittest.py").write_text("from unittest import TestCase\n")
        records = Path(folder) / "records"
        records.mkdir()
        spec = importlib.util.find_spec("towncrier")
        peer = Path(spec.origin).parent if spec and spec.origin else Path()
        env = {**os.environ, "RECORD_TO": str(records), "PYTHONPATH": folder}
        plugins = ("-p", "no:cacheprovider", "-p", "recorder")
        command = (
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *plugins,
            "--rootdir",
            folder,
            str(peer / "test/test_build.py"),
        )
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=600)
        print(done.stdout.strip().splitlines()[-1])
        for record in sorted(records.iterdir()):
            run = json.loads((record / "run.json").read_text()) if (record / "run.json").exists() else None
            # With --draft and --keep, towncrier leaves files that a release never does.
            if run is None or run["code"] or {"--keep", "--config", "--dir"} & {*run["args"]}:
                continue
            outcome, words = compare_changelog(record, run["args"])
            outcomes[outcome] += 1
            print(f"{run['test'].partition('::')[2]}: {outcome}{words and f': {words}'}", flush=True)
    print(f"towncrier: {sum(outcomes.values())} changelogs; {dict(outcomes.most_common())}")
    return int(outcomes[DIFFERENT] > 0)


def compare_changelog(record: Path, args: list[str]) -> tuple[str, str]:
    """Have both build the changelog of a folder; return the outcome, and the words for it."""
    options = dict(zip(args, [*args[1:], ""]))
    theirs = record / "before"
    version = prepare_changelog(theirs, options)
    try:
        Version(version)
    except InvalidVersion:
        return REFUSED, f"{version!r} is no version"
    ours = record / "ours"
    shutil.copytree(theirs, ours)
    date = options.get("--date", "2026-01-31")
    command = (sys.executable, "-m", "towncrier", "build", "--yes", "--version", version, "--date", date)
    done = subprocess.run(command, cwd=theirs, capture_output=True, text=True, check=False)
    files = tuple(PurePosixPath(path.relative_to(ours)) for path in sorted(ours.rglob("*")) if path.is_file())
    try:
        snapshot = ProjectSnapshot.of(ours, files, ())
        assemble_changelog(snapshot, Version(version), date)
    except SeatrialError as error:
        return (BOTH_REFUSE if done.returncode else REFUSED), error.what.replace("\n", " ")[:200]
    if done.returncode:
        return OURS_ALONE, (done.stdout + done.stderr).strip().splitlines()[-1]
    for kept in ours.rglob(".gitkeep"):
        kept.unlink()
    words = difference(theirs, ours)
    changed = [line for line in words.splitlines() if re.match(r"  [-+](?!-- |\+\+ )", line)]
    if words and not any(line[3:].strip() for line in changed):
        return BLANK_LINES, ""
    return (DIFFERENT, words) if words else (SAME, "")


def prepare_changelog(root: Path, options: dict[str, str]) -> str:
    """Make a project of a folder of the tests, and return the version to build.

    It gets the name that the command names, the folder of the fragments that is there, and the news file that `init`
    begins, as every project of seatrial has.
    """
    pyproject, separate = root / "pyproject.toml", root / "towncrier.toml"
    config = separate if separate.exists() else pyproject
    text = config.read_text() if config.exists() else ""
    text = text if "[tool.towncrier]" in text else f"{text}\n[tool.towncrier]\n"
    if not re.search(r"^(?:directory|package)[ \t]*=", text, re.MULTILINE) and (root / "newsfragments").is_dir():
        text = text.replace("[tool.towncrier]\n", '[tool.towncrier]\ndirectory = "newsfragments"\n', 1)
    config.write_text(text)
    modules = "\n".join(path.read_text() for path in sorted(root.glob("*/__init__.py")))
    written = re.search(r"^__version__ = [\"']([^\"']+)", modules, re.MULTILINE)
    version = options.get("--version") or (written[1] if written else "")
    name = options.get("--name") or next(iter(re.findall(r'^package = "(.*)"', text, re.MULTILINE)), "peer")
    table = f'[project]\nname = "{name}"\nversion = "{written[1] if written else version}"\n'
    project = pyproject.read_text() if pyproject.exists() else ""
    if "[project]" not in project:
        pyproject.write_text(f"{project}\n{table}")
    settings = ChangelogSettings.from_project(Project.from_directory(root))
    if settings and settings.single and not (root / settings.filename).exists():
        (root / settings.filename).write_text(new_changelog(settings.marker, is_markdown=settings.is_markdown))
    return version


if __name__ == "__main__":
    raise SystemExit(main())
