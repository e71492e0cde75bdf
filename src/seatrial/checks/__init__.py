"""Checks: facts enter, findings leave. There is one module for each subject.

Start with `check`, then `registry`, which lists the checks and runs those of distributions.
"""
