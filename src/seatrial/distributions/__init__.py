"""Builds, reads and compares sdists and wheels: a source tree or files enter, `Distribution` leaves.

Start with `distribution`, which is the model, then `build`.
"""
