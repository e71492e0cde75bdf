"""The matrix, five Pythons × (pytest, mypy), against the peers and against the floor.

    python bench/matrix.py --mode cold|kept|warm|edit [--runs 3] [--only NAME --only NAME]

floor  the same ten commands, two at a time, in ready environments with the wheel installed
cold   no environments, no caches of mypy and pytest, no byte code; download caches are warm
kept   the same, but seatrial still has what it keeps in the user's cache folder, as after `git clean -xdf`
warm   everything is left from the run before, and nothing has changed
edit   the same, but a line was added to one source file, so that the wheel has to be built and installed again
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import make_sample
import peers
from timing import Comparison, Contestant, compare, environment

if TYPE_CHECKING:
    from collections.abc import Collection


PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
NOXFILE = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

sessions.tests()
sessions.mypy()
"""
CLEAN = "git clean -xdfq && git checkout -q ."
EDIT = 'printf "\\n# edited %s\\n" "$(date +%N)" >> src/tidemark/text.py'


def main() -> None:
    """Measure one mode and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=("cold", "kept", "warm", "edit"), default="warm")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", action="append", help="the name of a contestant; the floor always runs")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "seatrial-bench"))
    options = parser.parse_args()
    measure(options.work, options.mode, options.runs, options.only or ())


def measure(work: Path, mode: str, runs: int, only: Collection[str] = ()) -> Comparison:
    """Measure one mode; ``only``: the names of the contestants, all without it."""
    uv = shutil.which("uv")
    if uv is None:
        raise SystemExit("uv is not on PATH")
    tools = peers.install(work, uv)
    _make_floor(work / "floor", uv)
    contestants = [
        _contestant(work, tools, name, command, mode)
        for name, command in _commands(work, tools, mode).items()
        if name == "floor" or not only or name in only
    ]
    warm_up = 0 if mode in ("cold", "kept") else 1
    return compare(contestants, title=f"matrix, {mode}", base="floor", runs=runs, warm_up=warm_up)


def _commands(work: Path, tools: Path, mode: str) -> dict[str, str]:
    tests = " ".join(f"{work}/floor/{python}/bin/pytest" for python in PYTHONS)
    types = " ".join(f"{work}/floor/{python}/bin/mypy" for python in PYTHONS)
    reuse = "-R" if mode == "warm" else "-r" if mode == "edit" else ""
    return {
        "floor": f"printf '%s\\n' {tests} {types} | xargs -P2 -I{{}} sh -c '{{}} >/dev/null'",
        "tox -p, tox-uv, 5 envs": f"{tools}/toxuv/bin/tox -c tox5.ini -p auto",
        "tox -p, tox-uv": f"{tools}/toxuv/bin/tox -p auto",
        "tox -p": f"{tools}/tox/bin/tox -p auto",
        "hatch, tests and types": f"{tools}/hatch/bin/hatch test --all -p && {tools}/hatch/bin/hatch run types:check",
        "nox -j 2, uv": f"{tools}/nox/bin/nox -db uv {reuse} --allow-parallel -j 2",
        "seatrial -j 2": f"{tools}/seatrial/bin/nox -j 2",
        "seatrial -j 3": f"{tools}/seatrial/bin/nox -j 3",
    }


def _contestant(work: Path, tools: Path, name: str, command: str, mode: str) -> Contestant:
    is_seatrial = name.startswith("seatrial")
    slug = "".join(letter if letter.isalnum() else "-" for letter in name)
    folder = work / "matrix" / slug
    make_sample.make(folder, NOXFILE if is_seatrial else None)
    cache = work / "caches" / slug
    steps = {"cold": CLEAN, "kept": CLEAN, "warm": "true", "edit": EDIT}[mode]
    if mode == "cold":
        steps += f" && rm -rf {cache}/seatrial"
    env = {
        "HATCH_DATA_DIR": str(folder / ".bench/hatch"),
        "PATH": f"{_only_uv(work, tools)}:{environment()['PATH']}",
    }
    if is_seatrial:
        # uv's own cache stays where it is for everybody; what seatrial keeps is its own to lose.
        uv_cache = subprocess.run(["uv", "cache", "dir"], capture_output=True, check=True, text=True).stdout.strip()
        env |= {"XDG_CACHE_HOME": str(cache), "UV_CACHE_DIR": uv_cache}
    return Contestant(name, command, folder, steps, env)


def _only_uv(work: Path, tools: Path) -> Path:
    """Return a folder with nothing but uv in it, for PATH."""
    folder = work / "uv"
    folder.mkdir(exist_ok=True)
    if not (folder / "uv").exists():
        (folder / "uv").symlink_to(tools / "nox/bin/uv")
    return folder


def _make_floor(floor: Path, uv: str) -> None:
    if (floor / PYTHONS[-1] / "bin/mypy").exists():
        return
    with tempfile.TemporaryDirectory() as scratch:
        sample = make_sample.make(Path(scratch, "sample"))
        subprocess.run([uv, "build", "-q", "--wheel", "-o", scratch, str(sample)], env=environment(), check=True)
        wheel = next(Path(scratch).glob("*.whl"))
        for python in PYTHONS:
            folder = floor / python
            into = ("--python", str(folder / "bin/python"))
            subprocess.run([uv, "venv", "-q", "--clear", "-p", python, str(folder)], env=environment(), check=True)
            requirements = ("pytest>=8", "mypy>=1.15", str(wheel))
            subprocess.run([uv, "pip", "install", "-q", *into, *requirements], env=environment(), check=True)
            compiled = [str(folder / "bin/python"), "-m", "compileall", "-q", str(folder / "lib")]
            subprocess.run(compiled, env=environment(), check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
