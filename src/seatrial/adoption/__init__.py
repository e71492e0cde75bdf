"""Putting seatrial into a project that was there before: look, propose, show, write."""
