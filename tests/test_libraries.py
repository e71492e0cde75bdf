"""The libraries that seatrial uses: each is in the table of docs/design.md, and none is used by a private name."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from seatrial import process

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = CHECKOUT / "src"
TABLE = re.compile(r"^\| dependency \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)

PRIVATE = {"seatrial/index/twine.py": {"packaging.metadata._VALID_METADATA_VERSIONS"}}
"""The private names that are used, by module, in the scripts that it runs, too: docs/design.md says why."""

DOCUMENTED = frozenset({"os._exit", "Presentation._fields"})
"""Names that are public all the same."""


def test_table_of_dependencies_is_that_of_pyproject() -> None:
    pyproject = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    table = TABLE.search((CHECKOUT / "docs/design.md").read_text(encoding="utf-8"))
    assert table
    rows = [row.split("|")[1].strip() for row in table[1].splitlines()]
    assert rows == sorted(Requirement(line).name for line in pyproject["project"]["dependencies"])


STAGES = {
    "nox -l": (
        "import nox, seatrial.sessions",
        "asyncio filelock requests rich seatrial.distributions seatrial.git twine urllib3",
    ),
    "invoke -l": (
        "import seatrial.tasks",
        "filelock packaging questionary requests rich seatrial.console seatrial.events seatrial.findings twine",
    ),
    "a release, until it reads the repository": (
        "import seatrial.tasks, seatrial.project.changelog, seatrial.console, seatrial.release.release",
        "readme_renderer requests rich seatrial.release.merged stdlib_list trove_classifiers twine validate_pyproject",
    ),
    "the address of an index": (
        "from seatrial.index.destination import pypi_host\npypi_host()",
        "requests rfc3986 twine",
    ),
}
"""What a command loads before its work begins, and what must not be among it: every call would wait for that."""


def test_no_command_loads_what_is_needed_later_or_never() -> None:
    loaded_early = {}
    for stage, (imports, heavy) in STAGES.items():
        script = f"import sys\n{imports}\nprint(*(name for name in {heavy.split()} if name in sys.modules))"
        names = process.run((sys.executable, "-c", script), cwd=CHECKOUT, env=process.user_environment()).split()
        if names:
            loaded_early[stage] = names
    assert loaded_early == {}


def test_private_names_of_libraries_are_the_listed_ones() -> None:
    names = {
        path.relative_to(SOURCES).as_posix(): set(private_names(ast.parse(path.read_text(encoding="utf-8"))))
        for path in SOURCES.rglob("*.py")
    }
    assert {path: used for path, used in names.items() if used} == PRIVATE


def private_names(tree: ast.Module) -> Iterator[str]:
    """Yield the private names of other packages in a module, and in its texts that are scripts."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules |= {alias.asname or alias.name for alias in node.names}
            private = [alias.name for alias in node.names if re.match(r"_[a-zA-Z]", alias.name)]
            yield from (f"{node.module}.{name}" for name in private)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield from private_names(ast.parse(node.value))
            except SyntaxError:
                continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and re.match(r"_[a-zA-Z]", node.attr):
            name = ast.unparse(node)
            if name.split(".")[0] in modules and name not in DOCUMENTED:
                yield name
