"""Reads and changes git repositories: a folder and refs enter; values, a scratch clone and one atomic push leave.

No module here is about releases; start with `repository`.
"""
