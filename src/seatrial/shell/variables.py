"""What a child finds in its environment."""

from __future__ import annotations

import hashlib
import os
import re

PUBLISHING = re.compile(
    r"(TWINE_|UV_PUBLISH_|FLIT_|HATCH_INDEX_|POETRY_PYPI_TOKEN_|POETRY_HTTP_BASIC_|PDM_PUBLISH_|MATURIN_"
    r"|ACTIONS_ID_TOKEN_REQUEST_).*|.*_ID_TOKEN|.*PYPI.*(TOKEN|PASSWORD).*"
)
"""Names of environment variables that let their holder publish: no build and no test ever sees them."""

REPOSITORY_LOCAL = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)
"""What git sets for a hook, and what would lead a git command of ours into another repository.

From ``git rev-parse --local-env-vars``; its ``GIT_CONFIG_*`` stay, because CI images set ``safe.directory`` so.
"""

TOLD_ONCE = frozenset(("SEATRIAL_CALLED",))
"""What a process tells the child that it starts, and that child alone: a test that it runs is not called like that."""


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment for a child, with ``extra`` set.

    Left out: `REPOSITORY_LOCAL`, `TOLD_ONCE`, and whatever lets its holder publish. Messages come in English.
    """
    left_out = REPOSITORY_LOCAL | TOLD_ONCE
    kept = {
        name: value for name, value in os.environ.items() if name not in left_out and not PUBLISHING.fullmatch(name)
    }
    return {**kept, "LC_ALL": "C.UTF-8", **extra}


def for_publishing(**extra: str) -> dict[str, str]:
    """Return this process's environment for the one child that uploads: with what lets its holder publish."""
    kept = {name: value for name, value in os.environ.items() if name not in REPOSITORY_LOCAL}
    return {**kept, "LC_ALL": "C.UTF-8", **extra}


def without_secrets() -> dict[str, str | None]:
    """Return what takes publishing secrets out of a session's environment: nox leaves out what is None."""
    return {name: None for name in os.environ if PUBLISHING.fullmatch(name)}


def hash_of_variables(names: re.Pattern[str]) -> str:
    """Return a hash of the environment variables whose names match, "" if none is set: a value can be a secret."""
    found = sorted((name, value) for name, value in os.environ.items() if names.fullmatch(name))
    return hashlib.sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest() if found else ""
