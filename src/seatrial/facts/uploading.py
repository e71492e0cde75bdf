"""How a step says that it uploads to an index, and to which."""

from __future__ import annotations

import re

from seatrial.facts.stretches import followed

TOOLS = "uv|hatch|poetry|flit|pdm|maturin|seatrial|invoke|inv"
PUBLISHES = re.compile(
    "gh-action-pypi-publish|"
    + followed("twine", r"\btwine\b", r"\bupload\b")
    + "|"
    + followed("tool", rf"\b(?:{TOOLS})\b", r"\s(?:publish|upload)\b", ends=r"|&;\n")
)
"""What a step that uploads has in ``uses`` or in ``run``."""

PASSWORD_IN_COMMAND = re.compile(r"\s(-p|--password|--token|-a|--auth)[ =]\S")
"""The option of such a command that hands a stored password over."""

ADDRESS = re.compile(r"(?:--repository-url|--publish-url)[ =][\"']?(https?://[^\s\"']+)")
"""What a command is told to upload to."""

TESTS = re.compile(r"\s(?:--repository|-r|--index|--publish-repository)[ =][\"']?test-?pypi\b", re.IGNORECASE)
"""What a command is told to upload to TestPyPI with."""
