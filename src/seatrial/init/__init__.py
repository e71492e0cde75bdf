"""Adds seatrial to a project, or creates a package: a folder enters; proposed files and remarks leave.

`detect` reads the project (`tox` and `runners` how it is tested), `propose` turns it into `files`, `trial` tries them
before they are written, and `remove` takes them out again; `new` creates a package. Start with `propose`.
"""
