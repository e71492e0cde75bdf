"""Which index pip is told to install from (pip, "Configuration")."""

from __future__ import annotations

import configparser
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.facts import pypi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
"""What tells it in the environment: to pip, and to uv where pip is told nothing."""


def index_url(environ: Mapping[str, str]) -> str:
    """Return the address of the simple API that is configured, PyPI's where none is; it ends with a slash.

    Credentials in it are left where they are: whoever shows it masks it.
    """
    told = next((environ[name] for name in VARIABLES if environ.get(name)), "") or _in_files(environ)
    return f"{(told or f'https://{pypi.host()}/simple').rstrip('/')}/"


def _in_files(environ: Mapping[str, str]) -> str:
    """Return what the files say: the last of them that says something holds."""
    if environ.get("PIP_CONFIG_FILE") == os.devnull:
        return ""
    parser = configparser.RawConfigParser()
    for path in _files(environ):
        with contextlib.suppress(configparser.Error, UnicodeDecodeError):
            parser.read(path, encoding="utf-8")
    return parser.get("global", "index-url", fallback="").strip()


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where pip looks, the weakest first."""
    # Loaded here because only this needs it.
    import platformdirs  # noqa: PLC0415

    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    yield Path(platformdirs.site_config_dir("pip", appauthor=False), name)
    yield Path("/etc", name)
    home = environ.get("HOME") or environ.get("USERPROFILE") or ""
    if home:
        yield Path(home, "pip" if sys.platform == "win32" else ".pip", name)
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "pip", name)
    if sys.platform != "linux":
        yield Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True), name)
    yield Path(sys.prefix, name)
    if environ.get("PIP_CONFIG_FILE"):
        yield Path(environ["PIP_CONFIG_FILE"])
