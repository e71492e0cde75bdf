"""Makes a release: a repository and a request enter; one push, an updated checkout and a manifest leave.

Everything before the push happens in a scratch clone; start with `release`, which reads from top to bottom.
"""
