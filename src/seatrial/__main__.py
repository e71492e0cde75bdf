"""``python -m seatrial`` is ``seatrial``."""

from __future__ import annotations

from seatrial.tasks.program import main

if __name__ == "__main__":
    main()
