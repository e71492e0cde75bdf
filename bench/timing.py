"""Timing whole commands, contestants in turn (A B C A B C …), so that a slow hour slows all of them.

For each run: wall-clock seconds, processor seconds of the process and of every descendant that it waited for, and how
many cores something else kept busy meanwhile (/proc/stat). Linux only. Quote ratios from one run, never seconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


NOISY = 0.25
"""How many foreign cores make a run noisy; it is marked, not thrown away."""


@dataclass(frozen=True)
class Contestant:
    """A command line, and one that goes before it untimed; both for bash, in ``cwd``."""

    name: str
    command: str
    cwd: Path
    prepare: str = "true"
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one run took: seconds of the clock, seconds of processors, foreign cores."""

    wall: float
    processor: float
    foreign: float


@dataclass(frozen=True)
class Comparison:
    """Contestants that ran in turn, each with its ratio to ``base`` in elapsed time: the median run by run.

    ``processor``: the same in processor time, which other work on the machine changes less; ``foreign``: how many cores
    such work kept busy, at most.
    """

    title: str
    base: str
    runs: int
    ratios: Mapping[str, float]
    processor: Mapping[str, float]
    foreign: float


def compare(contestants: Sequence[Contestant], *, title: str, base: str, runs: int, warm_up: int) -> Comparison:
    """Run the contestants in turn and print a Markdown table: medians, and ratios to ``base`` run by run."""
    taken: dict[str, list[Run]] = {contestant.name: [] for contestant in contestants}
    for number in range(-warm_up, runs):
        for contestant in contestants:
            run = time_once(contestant)
            print(f"  {title} {number} {contestant.name}: {run.wall:.2f} s", file=sys.stderr, flush=True)
            if number >= 0:
                taken[contestant.name].append(run)
    print(f"\n### {title}: {runs} runs in turn\n")
    print(f"| contestant | seconds min / median / max | × {base} | processor seconds | × {base} | foreign cores |")
    print("|---|--:|--:|--:|--:|--:|")
    ratios, processor_ratios = {}, {}
    for name, own_runs in taken.items():
        walls = sorted(run.wall for run in own_runs)
        pairs = list(zip(own_runs, taken[base]))
        ratio = ratios[name] = statistics.median(run.wall / base_run.wall for run, base_run in pairs)
        work = processor_ratios[name] = statistics.median(run.processor / base_run.processor for run, base_run in pairs)
        foreign = max(run.foreign for run in own_runs)
        seconds = f"{walls[0]:.2f} / {statistics.median(walls):.2f} / {walls[-1]:.2f}"
        processor = statistics.median(run.processor for run in own_runs)
        mark = " (noisy)" if foreign > NOISY else ""
        print(f"| {name} | {seconds} | {ratio:.2f} | {processor:.2f} | {work:.2f} | {foreign:.2f}{mark} |", flush=True)
    noise = max(run.foreign for own_runs in taken.values() for run in own_runs)
    return Comparison(title, base, runs, ratios, processor_ratios, noise)


def time_once(contestant: Contestant) -> Run:
    """Prepare a contestant and time its command. Raises `SystemExit` with its output when that fails."""
    env = {**environment(), **contestant.env}
    subprocess.run(
        ["bash", "-ec", contestant.prepare], cwd=contestant.cwd, env=env, check=True, stdout=subprocess.DEVNULL
    )
    busy, own = _busy(), sum(os.times()[:2])
    log = contestant.cwd.with_name(f"{contestant.cwd.name}.log")
    with log.open("wb") as output:
        begun = time.monotonic()
        process = subprocess.Popen(
            ["bash", "-ec", contestant.command],
            cwd=contestant.cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
    if status:
        raise SystemExit(f"{contestant.name} failed:\n{log.read_text(errors='replace')[-4000:]}")
    processor = usage.ru_utime + usage.ru_stime
    foreign = (_busy() - busy - processor - (sum(os.times()[:2]) - own)) / wall
    return Run(wall, processor, max(0.0, foreign))


def environment() -> dict[str, str]:
    """Return an environment with the interpreters themselves on PATH: no peer pays for pyenv's shims."""
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    minors = ("3.12", "3.13", "3.11", "3.10", "3.9")
    folders = [str(folder / "bin") for minor in minors for folder in sorted(versions.glob(f"{minor}.*"))]
    foreign_prefixes = ("UV_", "TOX", "NOX", "HATCH", "VIRTUAL", "PYTHON", "PYENV", "CI", "GITHUB", "SEATRIAL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign_prefixes)}
    path = os.pathsep.join([*folders, "/usr/local/bin", "/usr/bin", "/bin"])
    return {**kept, "PATH": path, "NO_COLOR": "1", "LANG": "C.UTF-8", "UV_PYTHON_DOWNLOADS": "never"}


def _busy() -> float:
    """Return the seconds that all cores together have worked since the machine started (proc(5))."""
    ticks = [int(text) for text in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
