"""noxfile.py and tasks.py: the lines that a project needs, and whether it has them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from seatrial.adoption import additions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.adoption.looking import Found

TASKS = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
HEAD = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

"""


FACES = ("noxfile.py", "tasks.py")
TAGS = 'tags=["ci"]'
OTHER_NAME = "wheel"
"""What the tests against the wheel are called where the project has a session ``tests`` already."""


def calls(found: Found) -> tuple[str, ...]:
    """Return the sessions that a project gets, a line each; where it has its own for linters or types, none."""
    own = own_sessions(found)
    lint = "sessions.lint()" if found.lints and "lint" not in own else ""
    types = _mypy(found) if "mypy" not in own else ""
    lines = ("sessions.build()", "sessions.check()", _tests(found, own), types, lint)
    return tuple(line for line in lines if line)


def own_sessions(found: Found) -> frozenset[str]:
    """Return the names of the sessions in a noxfile that is there: functions with nox's decorator, as they stand."""
    try:
        text = (found.project.root / "noxfile.py").read_text(encoding="utf-8")
        functions = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    return frozenset(name for one in functions for decorator in one.decorator_list for name in _named(one, decorator))


def _named(function: ast.FunctionDef, decorator: ast.expr) -> Iterator[str]:
    """Yield the name of a session, if the decorator is nox's (nox, "Configuration & API": ``name``)."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    told = [one.value.value for one in keywords if one.arg == "name" and isinstance(one.value, ast.Constant)]
    if ast.unparse(called) in {"nox.session", "session"}:
        yield str(told[0]) if told else function.name


def noxfile(found: Found) -> str:
    """Return the noxfile of a project that has none."""
    return HEAD + "\n".join(calls(found)) + "\n"


def _tests(found: Found, own: frozenset[str]) -> str:
    tests = found.tests
    if not tests.runner:
        return "# sessions.tests(): there are no tests yet, so nothing is tested before a release"
    told = {
        "groups": tests.groups,
        "extras": tests.extras,
        "requirements": tests.files,
        "command": tests.command,
    }
    words = [f"{key}={_listed(value)}" for key, value in told.items() if value]
    name = [f'name="{OTHER_NAME}"'] if "tests" in own else []
    return f"sessions.tests({', '.join([*name, *words])})"


def _mypy(found: Found) -> str:
    """Return the call for mypy: it proves a release only where the project says on which files mypy has to pass."""
    if not (found.asks_for_mypy or found.is_typed):
        return ""
    told = found.project.mypy_settings
    one = str(told.get("python_version", ""))
    # Comments that keep mypy quiet for one Python are idle for another, and then it complains of them.
    is_strict = any(str(told.get(name, "")).lower() == "true" for name in ("strict", "warn_unused_ignores"))
    is_supported = f"Programming Language :: Python :: {one}" in found.project.classifiers
    is_supported = is_supported or one in [f"3.{minor}" for minor in additions.pythons(found)]
    words = [f'pythons=["{one}"]'] if is_strict and is_supported else []
    if not found.names_files_for_mypy:
        return f"sessions.mypy({', '.join((*words, TAGS))})"
    given = told.get("files", ())
    files = tuple(one.strip() for one in (given.split(",") if isinstance(given, str) else given))
    rest = tuple(one for one in files if one not in FACES)
    # nox and seatrial, which these import, are not where the wheel is.
    words += [f"command={_listed(('mypy', *rest))}"] if rest and rest != files else []
    return f"sessions.mypy({', '.join(words)})"


def _listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
