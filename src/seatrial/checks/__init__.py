"""Checks: facts enter, findings leave. There is one module for each subject.

`metadata`, `archive` and `contents` judge distributions; `project`, `release`, `ci`, `workflows` and `index` what a
release needs. Start with `check`, then `registry`, which lists the checks and runs those of distributions.
"""
