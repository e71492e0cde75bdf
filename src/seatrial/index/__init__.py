"""Talks to package indexes: an address and a project enter; what the index has, or an upload, leaves.

Start with `client`.
"""
