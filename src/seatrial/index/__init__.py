"""Talks to package indexes: an address and a project enter; what the index has, or an upload, leaves.

`client` reads what an index has, `http` sends the requests, and `twine` uploads. Start with `client`.
"""
