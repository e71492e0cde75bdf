"""Checks: facts enter, findings leave. There is one module for each family of codes.

Start with `check`, then `registry`.
"""
