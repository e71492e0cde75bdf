"""Builds, reads and compares sdists and wheels: a source tree or files enter; `Distribution` and `Archive` leave.

Start with `build`.
"""
