"""Makes a release: a repository and a request enter; one push, an updated checkout and a manifest leave.

Everything before the push happens in a scratch clone, which `prepare` fills. `preflight` continues where a release
stops. `push` keeps the note by which an interrupted release is resumed. `pull_request` takes the place of the push to
the branch, and `merged` makes the tag afterwards. Start with `release`, which reads from top to bottom.
"""
