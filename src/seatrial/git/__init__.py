"""Reads and changes git repositories: a folder and refs enter; values, a scratch clone and one atomic push leave.

Nothing here knows what a release is; start with `repository`.
"""
