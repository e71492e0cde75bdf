"""Each promise of SECURITY.md names tests that exist and that run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "SECURITY.md"
NODE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[tuple[str, str]]:
    """Return the promises, and what holds each of them."""
    promised = PAGE.read_text(encoding="utf-8").partition("## What seatrial promises")[2]
    promised = promised.partition("## What seatrial does not promise")[0]
    cells = (re.fullmatch(r"\| (.+) \| (.+) \|", line) for line in promised.splitlines())
    return [(match[1], match[2]) for match in cells if match and match[1] != "promise"]


def names_of_tests(path: Path) -> set[str]:
    """Return the names of the tests of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_promise_is_held_by_tests_that_exist() -> None:
    missing = [
        f"{path}::{name}: {promise}"
        for promise, tests in rows()
        for path, name in NODE.findall(tests)
        if not (CHECKOUT / path).is_file() or name not in names_of_tests(CHECKOUT / path)
    ]
    assert missing == []


def test_each_promise_names_a_test() -> None:
    assert [promise for promise, tests in rows() if not NODE.search(tests)] == []
    assert len(rows()) > 20


def test_each_promise_is_one_sentence_or_two() -> None:
    assert [promise for promise, _ in rows() if not promise.endswith(".")] == []
