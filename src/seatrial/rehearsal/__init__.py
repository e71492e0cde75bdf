"""Rehearses a release in a sandbox with a remote, an index and a token issuer of its own.

A project enters, a report leaves. Start with `rehearse`.
"""
