"""Adds seatrial to a project, or creates a package: a folder enters; proposed files and remarks leave.

`detect` reads the project, and `propose` turns it into files; start with `propose`.
"""
