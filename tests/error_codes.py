"""The codes of errors: those on the page, and those in the sources."""

from __future__ import annotations

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs/errors.md"
SOURCES = CHECKOUT / "src/seatrial"


def on_the_page() -> dict[str, int]:
    """Return each code that the page has a paragraph for, and the exit code of its section."""
    codes, exit_code = {}, 0
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        section = re.fullmatch(r"## .+ \(exit code (\d)\)", line)
        exit_code = int(section[1]) if section else exit_code
        if line.startswith("### "):
            codes[line[4:]] = exit_code
    return codes


def raised() -> dict[str, set[str]]:
    """Return each code that is given to an error where it is raised, and the names of its classes."""
    codes: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "code" in text and "Error" in text else ():
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                arguments = [word.value for word in node.keywords if word.arg == "code"]
                for value in arguments:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str) and name.endswith("Error"):
                        codes.setdefault(value.value, set()).add(name)
    return codes
