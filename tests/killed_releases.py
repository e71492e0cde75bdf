"""Releases that are killed before or after one of their commands, and what such a kill leaves on the disk."""

from __future__ import annotations

import re
import shutil
import sys
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from preloaded import IN_A_SESSION
from release_repo import ReleaseRepo, files_below
from sample_project import SampleProject
from seatrial.git.push import was_sent
from seatrial.release.push import TRACE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sample_project import RunResult


DEADLY = r"""#!/bin/sh
case "$*" in *"$PART"*) ;; *) exec {program} "$@" ;; esac
case $PWD in */scratch/*) words="{name} in the scratch clone: " ;; *) words="{name} in the checkout: " ;; esac
words="$words$(printf '%s ' "$@" | tr '\n' ' ' | sed -E 's#[0-9a-f]{{40}}#ID#g; s#(/[^ /=:]+)+/#/#g')"
die() {{ [ {name} = gh ] && kill -KILL $PPID; kill -KILL 0; }}
keep() {{
  mkdir "$MOMENTS/$1-$$"
  tar -c --exclude=site-packages -C "$PORT" . 2>/dev/null | tar -x -C "$MOMENTS/$1-$$"
  echo "$1 $$ $words" >> "$MOMENTS/list"
}}
[ "$MOMENTS" ] && echo "$words" >> "$MOMENTS/commands"
if [ "$MOMENTS" ] && ! cut -d " " -f 3- "$MOMENTS/list" 2>/dev/null | grep -qxF "$words"; then is_first=1; fi
[ "$is_first" ] && keep before
[ "$DIE" = "before $words" ] && die
{program} "$@"
code=$?
[ "$is_first" ] && keep after
[ "$DIE" = "after $words" ] && die
exit $code
"""
"""A program that kills the release before or after the call that ``DIE`` names, without folders and ids of objects: two
that differ in them alone are the same. Or it keeps in ``MOMENTS`` what lies on the disk before and after each.

What lacks the ``PART`` of that call is another, which needs no process to see it. git runs in the process group of the
release, gh in its own.
"""

UNCHANGED = re.compile(r"(?!.*ID)[^/#]+")
"""A word that is the same in a call and in what `DEADLY` makes of it."""

UNSTEADY = ("index", "site-packages")
"""What is not compared of what lies on the disk: git's index holds times of files, and the other never changes."""

UNREAD = re.compile(r"home/|tidepool/\.nox/|tidepool/\.git/seatrial/logs/")
OBJECT_OF_SCRATCH = re.compile(r"home/.*/\.git/objects/")
NAME_OF_A_RUN = re.compile(r"(?<=[/-])[0-9a-f]{16}(?=[-/.])|\d{8}-\d{6}(?=-release\.log)")
"""The hash of a folder, and the time of a log."""


class Moment(NamedTuple):
    """A moment of a release: before or after a command; ``disk``: what a kill leaves on the disk then, as a hash."""

    when: str
    command: str
    disk: str

    def __str__(self) -> str:
        return f"{self.when} {self.command}"


def release(
    repo: ReleaseRepo, folder: Path, *words: str, programs: Sequence[str] = ("git",), die: str = "", moments: str = ""
) -> RunResult:
    """Release in a session of its own with programs that are deadly."""
    path = folder / "bin"
    path.mkdir(parents=True)
    for name in programs:
        own = repo.project.root.parent / name / name
        program = path / name
        program.write_text(DEADLY.format(name=name, program=own if own.exists() else shutil.which(name)))
        program.chmod(0o755)
    return repo.project.run(
        *(*IN_A_SESSION, sys.executable, "-m", "invoke", "release", *words, "--yes", "--no-tests"),
        PATH=f"{path}:{repo.project.environ['PATH']}",
        PORT=str(repo.project.root.parent),
        PART=max(filter(UNCHANGED.fullmatch, die.partition(": ")[2].split()), key=len, default=""),
        DIE=die,
        MOMENTS=moments,
    )


class Undisturbed(NamedTuple):
    """A release that nothing disturbs: the moments before and after each distinct command, and all commands."""

    moments: tuple[Moment, ...]
    commands: tuple[str, ...]


def undisturbed_release(
    repo: ReleaseRepo, folder: Path, *words: str, programs: Sequence[str] = ("git",)
) -> Undisturbed:
    """Release, and return its moments and commands in their order."""
    moments = folder / "moments"
    moments.mkdir(parents=True)
    ran = release(repo, folder, *words, programs=programs, moments=str(moments))
    assert ran.returncode == 0, ran.output
    listed = [line.split(" ", 2) for line in (moments / "list").read_text().splitlines()]
    root, environ = repo.project.root.name, repo.project.environ
    kept = [ReleaseRepo(SampleProject(moments / f"{when}-{process}" / root, environ)) for when, process, _ in listed]
    disks = [left_behind(other) for other in kept]
    commands = (moments / "commands").read_text().splitlines()
    shutil.rmtree(folder)
    return Undisturbed(
        tuple(Moment(when, command, disk) for (when, _, command), disk in zip(listed, disks)), tuple(commands)
    )


def is_act(moment: Moment) -> bool:
    """Whether a command pushes, or asks the forge."""
    return " push " in moment.command or moment.command.startswith("gh ")


def different(moments: Sequence[Moment]) -> tuple[Moment, ...]:
    """Return the moments before and after what acts outside, and the first of each thing that is left on the disk.

    What a kill leaves on the disk is all that the next release finds: after two kills that leave the same, it does the
    same.
    """
    acts = [moment for moment in moments if is_act(moment)]
    firsts = {moment.disk: moment for moment in reversed([*moments, *acts])}
    return tuple(moment for moment in moments if moment in acts or moment in firsts.values())


def left_behind(repo: ReleaseRepo) -> str:
    """Return what lies on the disk as a hash: paths, without what names the folder or the time in them, and contents.

    Of the scratch clone, which is thrown away, of what a build remembers, and of logs, the paths alone: contents name
    folders and times. The objects of the scratch clone are left out. Of the trace of a push, which has times and ids of
    processes, whether the push was sent: nothing else is read.
    """
    port = repo.project.root.parent
    files = [
        (NAME_OF_A_RUN.sub("NAME", path), _content(port, path, content))
        for path, content in files_below(port, UNSTEADY)
        if not OBJECT_OF_SCRATCH.match(path)
    ]
    return sha256(f"{sorted(files)} {repo.project.git('ls-files', '--stage')}".encode()).hexdigest()


def _content(port: Path, path: str, content: str) -> str:
    if path.endswith(TRACE):
        return str(was_sent(port / path))
    return "" if UNREAD.match(path) else content
