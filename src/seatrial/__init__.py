"""Nox sessions and invoke tasks that test, rehearse and release Python packages."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
