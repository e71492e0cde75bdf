"""The steps and jobs that the workflows of GitHub are put together from."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from seatrial.facts import pins
from seatrial.facts.ci_settings import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seatrial.workflows.shape import Shape

IMAGE = IMAGES["ubuntu"]
"""The machine that does everything but tests."""

READS = "permissions:\n  contents: read"
ASKS = "permissions:\n  id-token: write # trusted publishing: the token says which workflow and environment asks"


def job(name: str, head: str, steps: Iterable[str]) -> str:
    """Return a job: its lines, and its steps below."""
    body = head.strip("\n") + "\nsteps:\n" + indented("\n".join(steps), 2)
    return indented(f"{name}:\n{indented(body, 2)}", 2)


def checkout(shape: Shape, what: str, *, history: bool = False) -> str:
    """Return the step that checks the commit out; it leaves no credentials behind."""
    options = ["fetch-depth: 0"] if history else []
    options += ["submodules: recursive"] if shape.has_submodules else []
    return uses(f"Check out {what}", pins.CHECKOUT, (*options, "persist-credentials: false"))


def furnishing(shape: Shape, also: str = "") -> tuple[str, ...]:
    """Return the steps that bring Python and seatrial; ``also``: a Python beside the one that runs nox."""
    version = f"python-version: |\n  {also}\n  {shape.python}" if also else f'python-version: "{shape.python}"'
    steps = [uses("Set up Python", pins.SETUP_PYTHON, (version,))]
    if shape.uses_uv:
        steps.append(uses("Set up uv", pins.SETUP_UV, ("enable-cache: false",)))
    return (*steps, run("Install seatrial", *shape.installing()))


def uses(name: str, action: str, options: Sequence[str] = (), extra: str = "") -> str:
    """Return a step that is an action."""
    lines = f"- name: {name}\n" + indented(f"{extra}uses: {action}", 2)
    return lines + ("\n  with:\n" + indented("\n".join(options), 4) if options else "")


def run(name: str, *commands: str, extra: str = "") -> str:
    """Return a step that runs commands; ``extra``: lines before them."""
    told = commands[0] if len(commands) == 1 else "|\n" + indented("\n".join(commands), 2)
    return f"- name: {name}\n" + indented(f"{extra}run: {told}", 2)


def env(**values: str) -> str:
    """Return the lines of a step's ``env``: nothing that a stranger can name stands in a command itself."""
    return "env:\n" + "".join(f"  {name}: {value}\n" for name, value in values.items())


def fetch_distributions(folder: str = "") -> str:
    """Return the step that fetches what the build job has stored, by its id: nobody can put another in its place."""
    options = ("artifact-ids: ${{ needs.build.outputs.artifact }}", f"path: {folder}dist")
    return uses("Fetch the distributions", pins.DOWNLOAD, options)


def keep(name: str, paths: Sequence[str], *, label: str, id_: str) -> str:
    """Return the step that stores files for the jobs that follow."""
    many = "|\n" + indented("\n".join(paths), 2) if len(paths) > 1 else paths[0]
    # A job that is run again finds what it stored before it failed.
    options = (f"name: {label}", f"path: {many}", "if-no-files-found: error", "overwrite: true")
    return uses(name, pins.UPLOAD, options, f"id: {id_}\n")


def keep_measured(folder: str) -> str:
    """Return the step that stores what the tests of a job have measured; jobs that measure nothing store nothing."""
    options = (
        "name: coverage-${{ strategy.job-index }}",
        f"path: {folder}/.coverage.*",
        "if-no-files-found: ignore",
        "include-hidden-files: true",
        "overwrite: true",
    )
    return uses("Keep what was measured", pins.UPLOAD, options)


def fetch_measured(folder: str) -> str:
    """Return the step that fetches it, each job's into a folder of its own: systems have files of the same name."""
    return uses("Fetch what was measured", pins.DOWNLOAD, ("pattern: coverage-*", f"path: {folder}"))


def indented(text: str, by: int) -> str:
    """Return a text further to the right."""
    return textwrap.indent(text, " " * by)
