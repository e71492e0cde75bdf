"""The script metadata of a noxfile (PEP 723): what nox and seatrial it needs.

nox reads it before it loads the noxfile, and where they are missing it runs itself again, in an environment that has
them. So a noxfile runs in a fresh clone, and the environment of the project needs neither of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import metadata
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import Requirement

from seatrial import __version__

BLOCK = re.compile(r"(?m)^# /// script[ \t]*\n(?P<content>(?:#(?:| .*)\n)+?)# ///[ \t]*(?:\n|\Z)")
"""A block of script metadata (PyPA, "Inline script metadata")."""

DEPENDENCIES = re.compile(r"(?ms)^(?P<start># dependencies[ \t]*=[ \t]*\[)(?P<inner>.*?)(?P<end>\][ \t]*)$")


def nox_requirement() -> str:
    """Return nox with the lower bound that seatrial has."""
    bounds = [Requirement(line) for line in metadata.requires("seatrial") or ()]
    return next((str(bound) for bound in bounds if bound.name == "nox"), "nox")


def seatrial_requirement() -> str:
    """Return seatrial with this version as its lower bound.

    Where it was installed from an address, such as that of its repository, it is that: no index needs to have it.
    """
    address = own_origin().address
    # Without its commit: nox compares it with the address of what is installed.
    return f"seatrial @ {address}" if address else f"seatrial>={__version__}"


def uvx_command() -> str:
    """Return the command that runs seatrial where it is not installed."""
    address = own_origin().address
    return f'uvx --from "{address}" seatrial' if address else "uvx seatrial"


@dataclass(frozen=True)
class Origin:
    """Where a distribution was installed from: an ``address``, a wheel or folder on this ``machine``, or an index."""

    address: str | None = None
    machine: str | None = None

    @classmethod
    def of(cls, text: str | None) -> Origin:
        """Read ``direct_url.json`` (PEP 610), which an installation from an index does not have."""
        try:
            origin = json.loads(text or "{}")
            url = str(origin.get("url", ""))
            if "vcs_info" in origin:
                return cls(address=f"{origin['vcs_info']['vcs']}+{url}")
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls()
        if url.startswith("file:"):
            return cls(machine=url2pathname(urlsplit(url).path))
        return cls(address=url or None)


def own_origin() -> Origin:
    """Return where seatrial was installed from."""
    try:
        return Origin.of(metadata.distribution("seatrial").read_text("direct_url.json"))
    except metadata.PackageNotFoundError:
        return Origin()


def script_block() -> str:
    """Return the lines at the top of a noxfile."""
    return f'# /// script\n# dependencies = ["{nox_requirement()}", "{seatrial_requirement()}"]\n# ///\n'


def with_block(noxfile: str) -> str:
    """Return a noxfile with seatrial in its script metadata, or with a block of them at its top."""
    block = BLOCK.search(noxfile)
    if block is None:
        return script_block() + noxfile
    table = DEPENDENCIES.search(block[0])
    if table is None or "seatrial" in block[0]:
        return noxfile
    start, inner, end = table["start"], table["inner"].rstrip("# \n\t"), table["end"]
    comma = "" if not inner.strip() or inner.endswith(",") else ","
    added = f'"{seatrial_requirement()}"'
    items = f"{inner}{comma}\n#   {added},\n# " if "\n" in inner else f"{inner}{comma} {added}".lstrip()
    return noxfile.replace(table[0], f"{start}{items}{end}", 1)


def without_seatrial(noxfile: str) -> str:
    """Return a noxfile without seatrial in its script metadata; a block that had only nox next to it goes."""
    block = BLOCK.search(noxfile)
    table = DEPENDENCIES.search(block[0]) if block else None
    if block is None or table is None or "seatrial" not in table["inner"]:
        return noxfile
    items = re.findall(r"\"[^\"]*\"|'[^']*'", table["inner"])
    kept = [item for item in items if Requirement(item[1:-1]).name != "seatrial"]
    if block["content"].count("\n") == table[0].count("\n") + 1 and all(
        Requirement(item[1:-1]).name == "nox" for item in kept
    ):
        return noxfile.replace(block[0], "", 1)
    return noxfile.replace(table[0], f"{table['start']}{', '.join(kept)}{table['end']}", 1)


def has_block(noxfile: str) -> bool:
    """Whether a noxfile has script metadata."""
    return bool(BLOCK.search(noxfile))
