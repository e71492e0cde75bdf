"""Installing what seatrial is compared with, each in an environment of its own, and seatrial from this checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from timing import environment

if TYPE_CHECKING:
    from collections.abc import Mapping


CHECKOUT = Path(__file__).resolve().parent.parent

PEERS = {
    "tox": ("tox",),
    "toxuv": ("tox", "tox-uv"),
    "hatch": ("hatch",),
    "nox": ("nox", "uv"),
    "inv": ("invoke",),
}


def install(work: Path, uv: str, *, extra: Mapping[str, tuple[str, ...]] = PEERS, python: str = "3.12") -> Path:
    """Make an environment for each peer below ``work/tools``, unless it is there, and return that folder."""
    tools = work / "tools"
    for name, requirements in {**extra, "seatrial": (str(CHECKOUT), "uv")}.items():
        folder = tools / name
        if name == "seatrial" or not (folder / "bin/python").exists():
            _run(uv, "venv", "-q", "--clear", "-p", python, str(folder))
            fresh = ("--reinstall-package", "seatrial") if name == "seatrial" else ()
            _run(uv, "pip", "install", "-q", *fresh, "--python", str(folder / "bin/python"), *requirements)
            _run(str(folder / "bin/python"), "-m", "compileall", "-q", str(folder / "lib"), check=False)
    return tools


def _run(*args: str, check: bool = True) -> None:
    subprocess.run(args, env=environment(), check=check, stdout=subprocess.DEVNULL)


def versions(tools: Path, peers: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the versions of what is installed for peers by name."""
    script = "import importlib.metadata, sys; print(*map(importlib.metadata.version, sys.argv[1:]))"
    installed: dict[str, str] = {}
    for folder, requirements in peers.items():
        names = [requirement.partition("[")[0] for requirement in requirements]
        command = (str(tools / folder / "bin/python"), "-c", script, *names)
        ran = subprocess.run(command, env=environment(), check=True, capture_output=True, text=True)
        installed.update(zip(names, ran.stdout.split()))
    return installed
