"""Adds seatrial to a project, or begins a new one: a folder enters, proposed files leave.

Start with `propose`.
"""
