"""Reads and changes git repositories: a folder and refs enter; values, a scratch clone and one atomic push leave.

`push` pushes all or nothing and finds out what has arrived, and `scratch` makes the clone in which a release is
prepared. Start with `repository`.
"""
