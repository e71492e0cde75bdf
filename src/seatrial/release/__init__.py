"""Makes a release: a repository and a request enter; one push and a manifest leave.

Start with `release`, which reads from top to bottom.
"""
