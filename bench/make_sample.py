"""Making a work tree of the sample project: src layout, hatchling, 16 modules, 437 tests, mypy strict."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent / "sample"
VERSION = "1.19.0"


def make(folder: Path, noxfile: str | None = None) -> Path:
    """Make ``folder`` anew: a git work tree with one commit. ``noxfile`` replaces that of the sample."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SAMPLE, folder)
    (folder / "gitignore").rename(folder / ".gitignore")
    if noxfile is not None:
        (folder / "noxfile.py").write_text(noxfile, encoding="utf-8")
    for path in folder.rglob("*"):
        if path.suffix in (".toml", ".py") and "@VERSION@" in (text := path.read_text(encoding="utf-8")):
            path.write_text(text.replace("@VERSION@", VERSION), encoding="utf-8")
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false")
    for args in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "-m", "The sample")):
        subprocess.run(["git", *args], cwd=folder, check=True)
    return folder
