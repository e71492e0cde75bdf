"""A release of the sample project with 30 fragments: seatrial against the same steps by hand, and against the peers.

    python bench/release.py [--runs 5] [--only whole|git|growth]

whole   version, changelog, commit, tag, build, check and push
git     the same without build and check, which most peers leave to CI
growth  the same, with more fragments, tags and files

seatrial is the command that people type. Its own checks run in every part, those that ask nox and the index included.
Each run has a fresh copy of the work tree and of the bare remote, made outside the timing. What seatrial keeps between
releases (the build environment in ``.nox``) is kept; what the others keep (uv's cache) too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable

import make_sample
import peers
from timing import Comparison, Contestant, compare

NEXT = "1.20.0"
TASKS = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
MARKER = "<!-- towncrier release notes start -->"
PEERS = {"psr": ("python-semantic-release",), "cz": ("commitizen",), "tbump": ("tbump",), "zest": ("zest.releaser",)}
HAND = {"hand": ("bump-my-version", "towncrier", "build[uv]", "twine", "uv")}
SETTINGS = f"""
[tool.towncrier]
directory = "changelog.d"
filename = "CHANGELOG.md"
title_format = "## {{version}}"
start_string = "{MARKER}\\n"
ignore = []

[tool.semantic_release]
version_toml = ["pyproject.toml:project.version"]
version_variables = ["src/tidemark/__init__.py:__version__"]
tag_format = "v{{version}}"
commit_message = "Release {{version}}"

[tool.semantic_release.branches.main]
match = "main"

[tool.semantic_release.remote]
type = "github"
ignore_token_for_push = true

[tool.commitizen]
version_provider = "pep621"
tag_format = "v$version"
version_files = ["src/tidemark/__init__.py:__version__"]
update_changelog_on_bump = true

[tool.tbump.version]
current = "{make_sample.VERSION}"
regex = '(?P<major>\\d+)\\.(?P<minor>\\d+)\\.(?P<patch>\\d+)'

[tool.tbump.git]
message_template = "Release {{new_version}}"
tag_template = "v{{new_version}}"

[[tool.tbump.file]]
src = "pyproject.toml"
search = 'version = "{{current_version}}"'

[[tool.tbump.file]]
src = "src/tidemark/__init__.py"
search = '__version__ = "{{current_version}}"'

[[tool.tbump.before_commit]]
name = "changelog"
cmd = "towncrier build --yes --version {{new_version}}"

[tool.zest-releaser]
release = false
tag-format = "v{{version}}"
create-wheel = false
python-file-with-version = "src/tidemark/__init__.py"
"""
WITHOUT_BUILD = (
    TASKS
    + """
from seatrial.tasks.release import Terminal

confirm = Terminal.confirm


def confirm_without_build(self, plan):
    from seatrial.release import release

    release.verify_release = lambda *args, **options: ()
    confirm(self, plan)


Terminal.confirm = confirm_without_build
"""
)
"""A tasks.py with which the command that people type leaves out the build and its check, and nothing else."""
DISTANCE = 0.1
"""Seconds until an index answers, which seatrial asks and no other contestant does."""
RELEASE = "bin/invoke release --part minor --yes --no-tests"


def main() -> None:
    """Measure, and print a table for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=("whole", "git", "growth"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "seatrial-bench"))
    options = parser.parse_args()
    measure(options.work, options.runs, options.only)


def measure(work: Path, runs: int, only: str | None = None) -> list[Comparison]:
    """Measure the parts, or one of them."""
    uv = shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not on PATH")
    tools = peers.install(work, uv, extra={**HAND, **PEERS})
    work = work / "release"
    os.environ["PIP_INDEX_URL"] = _start_index()
    title = "release without build and check"
    parts: dict[str, Callable[[], Comparison]] = {
        "whole": lambda: compare(_whole(work, tools), title="release", base="by hand", runs=runs, warm_up=1),
        "git": lambda: compare(_git(work, tools), title=title, base="by hand", runs=runs, warm_up=1),
        "growth": lambda: compare(_growth(work, tools), title="growth", base="30 fragments", runs=runs, warm_up=1),
    }
    return [part() for name, part in parts.items() if only in (None, name)]


class _EmptyIndex(BaseHTTPRequestHandler):
    """An index without any project, as far away as PyPI."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer that there is no such project."""
        time.sleep(DISTANCE)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def _start_index() -> str:
    """Start an index that runs as long as this program, and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyIndex)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/simple/"


def _by_hand(tools: Path) -> str:
    hand = tools / "hand/bin"
    return (
        f"{hand}/bump-my-version bump --current-version {make_sample.VERSION} --new-version {NEXT} --allow-dirty minor "
        f"src/tidemark/__init__.py && {hand}/towncrier build --yes --version {NEXT} && git add -A "
        f"&& git commit -qm 'Release {NEXT}' && git tag -a v{NEXT} -m 'Release {NEXT}' "
        f"&& git push -q --atomic origin main v{NEXT}"
    )


def _whole(work: Path, tools: Path) -> list[Contestant]:
    hand = tools / "hand/bin"
    build = f"{hand}/python -m build --installer uv && {hand}/twine check --strict dist/*"
    return [
        _contestant(work, "by hand", f"export PATH={hand}:$PATH; {build} && {_by_hand(tools)}"),
        _contestant(work, "seatrial", f"{tools}/seatrial/{RELEASE}"),
    ]


def _git(work: Path, tools: Path) -> list[Contestant]:
    psr = f"{tools}/psr/bin/semantic-release version --minor --skip-build --no-vcs-release"
    cz = f"{tools}/cz/bin/cz bump --yes --increment MINOR && git push -q --atomic --follow-tags origin main"
    return [
        _contestant(work, "by hand", _by_hand(tools)),
        _contestant(work, "seatrial without build", f"{tools}/seatrial/{RELEASE}", tasks=WITHOUT_BUILD),
        _contestant(work, "python-semantic-release", psr),
        _contestant(work, "commitizen", cz),
        _contestant(work, "tbump", f"PATH={tools}/hand/bin:$PATH {tools}/tbump/bin/tbump {NEXT} --non-interactive"),
        _contestant(work, "zest.releaser", f"{tools}/zest/bin/fullrelease --no-input"),
    ]


def _growth(work: Path, tools: Path) -> list[Contestant]:
    command = f"{tools}/seatrial/{RELEASE}"
    sizes = {
        "30 fragments": Size(),
        "1,000 fragments": Size(fragments=1_000),
        "10,000 fragments": Size(fragments=10_000),
        "5,000 tags": Size(tags=5_000),
        "50,000 files": Size(files=50_000),
    }
    return [_contestant(work, name, command, size, tasks=WITHOUT_BUILD) for name, size in sizes.items()]


@dataclass(frozen=True)
class Size:
    """How large a project is: its fragments, its tags, and files in addition to those of the sample."""

    fragments: int = 30
    tags: int = 1
    files: int = 0


def _contestant(work: Path, name: str, command: str, size: Size = Size(), tasks: str = TASKS) -> Contestant:
    slug = "".join(letter if letter.isalnum() else "-" for letter in name)
    template = work / "templates" / slug
    _make(template, size, tasks, is_zest=name.startswith("zest"))
    here = work / slug
    # The kept environments survive from run to run, as they do between two releases of a project.
    fresh = (
        f"mkdir -p {here}; cd {here}; rm -rf keep; if [ -d repo/.nox ]; then mv repo/.nox keep; fi; "
        f"rm -rf repo remote; cp -a {template}/. .; if [ -d keep ]; then mv keep repo/.nox; fi"
    )
    here.mkdir(parents=True, exist_ok=True)
    env = {
        "GIT_CONFIG_GLOBAL": str(template / "gitconfig"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{here}/remote/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/acme/",
        "XDG_CACHE_HOME": str(work / "cache" / slug),
        "UV_CACHE_DIR": subprocess.run(
            ["uv", "cache", "dir"], capture_output=True, check=True, text=True
        ).stdout.strip(),
    }
    return Contestant(name, f"cd {here}/repo && {{ {command}; }}", here, fresh, env)


def _make(template: Path, size: Size, tasks: str, *, is_zest: bool) -> None:
    """Make a work tree with a remote, whose address is one of a forge, because some peers insist on one."""
    if (template / "remote").exists():
        return
    shutil.rmtree(template, ignore_errors=True)
    repo = make_sample.make(template / "repo")
    pyproject = repo / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").partition("\n[tool.towncrier]")[0]
    pyproject.write_text(text + SETTINGS, encoding="utf-8")
    (repo / "tasks.py").write_text(tasks, encoding="utf-8")
    (repo / "CHANGELOG.md").write_text(
        f"# Changelog\n\n{MARKER}\n\n## {make_sample.VERSION}\n\n- Old.\n", encoding="utf-8"
    )
    (repo / "changelog.d").mkdir(exist_ok=True)
    for number in range(size.fragments):
        kind = ("feature", "bugfix", "doc")[number % 3]
        (repo / f"changelog.d/{number + 1}.{kind}.md").write_text(f"Change number {number}.\n", encoding="utf-8")
    for number in range(size.files):
        path = repo / f"data/{number // 500}/{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n", encoding="utf-8")
    if is_zest:
        (repo / "CHANGELOG.md").unlink()
        (repo / "CHANGES.rst").write_text(
            f"Changelog\n=========\n\n{NEXT} (unreleased)\n-------------------\n\n- New.\n"
        )
        module = repo / "src/tidemark/__init__.py"
        for path in (module, pyproject):
            path.write_text(path.read_text().replace(make_sample.VERSION, f"{NEXT}.dev0"))
    (template / "gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.invalid\n[gc]\n\tauto = 0\n")
    env = {"GIT_CONFIG_GLOBAL": str(template / "gitconfig"), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    (template / "remote").mkdir()

    def git(*args: str) -> None:
        subprocess.run(["git", *args], cwd=repo, env=env, check=True, stdout=subprocess.DEVNULL)

    git("add", "-A")
    git("commit", "-qm", "feat: prepare")
    git("tag", "-a", "-m", make_sample.VERSION, f"v{make_sample.VERSION}")
    for number in range(size.tags - 1):
        git("tag", f"nightly-{number}")
    git("init", "-q", "--bare", "-b", "main", str(template / "remote/tidemark.git"))
    git("remote", "add", "origin", "https://github.com/acme/tidemark.git")
    git("push", "-q", "--tags", str(template / "remote/tidemark.git"), "main")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("config", "branch.main.remote", "origin")
    git("config", "branch.main.merge", "refs/heads/main")


if __name__ == "__main__":
    main()
