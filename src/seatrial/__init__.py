"""Nox sessions and invoke tasks that prove a Python package before they release it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"
