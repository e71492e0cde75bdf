"""Reads and changes git repositories: folders and refs enter; values, a scratch clone and one atomic push leave.

Start with `repository`.
"""
