"""``python -m seatrial`` is ``seatrial``."""

from __future__ import annotations

from seatrial.tasks.program import main

main()
