"""A release in words: values into text, nothing is printed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.facts.repository import page_of_runs
from seatrial.masking import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

    from seatrial.build_record import Built
    from seatrial.plan import Plan
    from seatrial.release.survey import Survey

MOST = 12
"""How many paths are named before the rest is counted."""


def plan(planned: Plan, address: str) -> str:
    """Return the plan of a release: what will change, and where it goes."""
    lines = [
        f"{planned.project} {planned.current} → {planned.version}",
        "",
        *_indented(planned.diff.rstrip()),
        "",
        f"commit   {planned.message}" if planned.diff else "commit   none: nothing changes in the files",
        *([f"removes  {some(planned.removed)}"] if planned.removed else []),
        f"tag      {planned.tag}",
        f"push     {planned.branch} and {planned.tag} to {planned.remote} ({mask(address)}), both or neither",
        f"CI       {_publishing(planned.publishes)}",
    ]
    if planned.unpushed:
        lines.append(f"also     {planned.unpushed} commits that {planned.remote} does not have yet")
    if planned.unfinished:
        lines.append(f"not in   what is unfinished in the checkout: {some(planned.unfinished)}")
    return "\n".join(lines)


def rehearsed(shown: str, planned: Plan, built: Built) -> str:
    """Return what ``--dry-run`` ends with: the commit as git shows it, the tag, the distributions."""
    files = [f"{one.path.name}  {one.size:,} bytes  sha256 {one.sha256}" for one in built]
    return "\n".join(
        [shown.rstrip(), "", f"tag {planned.tag}", "", *files, "", "Nothing was pushed, and nothing is left."]
    )


def released(planned: Plan, built: Built, survey: Survey) -> str:
    """Return what is said after the push: what is where, and what comes next."""
    lines = [f"Released: {planned.branch} and {planned.tag} are on {planned.remote}."]
    lines += [f"  {one.path.name}  sha256 {one.sha256}" for one in built]
    page = page_of_runs(survey.remote.addresses[0])
    if planned.publishes:
        lines.append(f"{', '.join(planned.publishes)} publishes it" + (f": {page}" if page else "."))
    else:
        lines.append(f"No CI file listens to tags; by hand: {typed(f'publish --version {planned.version}')}")
    return "\n".join(lines)


def menu(choices: Sequence[tuple[str, Version]], current: Version) -> str:
    """Return the versions to choose from, numbered, the suggested one first."""
    width = max(len(part) for part, _ in choices)
    lines = [f"{current} →"]
    for number, (part, version) in enumerate(choices, 1):
        lines.append(
            f"  {number}  {part.ljust(width)}  {version}" + ("  (the fragments ask for it)" if number == 1 else "")
        )
    return "\n".join(lines)


def some(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    rest = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {rest} more" if rest > 0 else "")


def _publishing(files: Sequence[str]) -> str:
    return f"{', '.join(files)} listens to tags" if files else "no CI file listens to tags: nothing will be published"


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.splitlines()]
