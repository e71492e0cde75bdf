"""seatrial's own tasks are seatrial's: this is all that a project's tasks.py needs."""

from __future__ import annotations

from seatrial.tasks import ns

__all__ = ["ns"]
