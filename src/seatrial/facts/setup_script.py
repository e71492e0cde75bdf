"""What setup.py hands to setuptools, as far as it can be read without being run (setuptools, "Keywords")."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "setup.py"


@dataclass(frozen=True)
class SetupScript:
    """The script of the project in ``root``; ``tree`` is None where there is none, or none that is Python."""

    root: Path
    tree: ast.Module | None

    @classmethod
    def read(cls, root: Path) -> SetupScript:
        """Read it."""
        return cls(root, _parsed(root / NAME))

    def has(self, keyword: str) -> bool:
        """Whether the call has a keyword, whatever its value."""
        return self.value(keyword) is not None

    def value(self, keyword: str) -> ast.expr | None:
        """Return the expression that the call has for a keyword, None for none."""
        call = self._call
        return next((one.value for one in call.keywords if one.arg == keyword), None) if call else None

    def literal(self, keyword: str) -> ast.Constant | None:
        """Return the string that the call has for a keyword, None for anything else."""
        value = self.value(keyword)
        return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None

    def told(self, keyword: str) -> str:
        """Return the value of a keyword, items of a list a line each, "" where it is computed, or not there."""
        value = self.value(keyword)
        found = self._value(value) if value else None
        return found if isinstance(found, str) else "\n".join(found or ())

    def hands(self, keyword: str) -> bool:
        """Whether the call may have a keyword: ``setup(**settings)`` may have any."""
        call = self._call
        return call is not None and any(one.arg in {keyword, None} for one in call.keywords)

    def computes(self, keyword: str) -> bool:
        """Whether the value of a keyword can be known to nobody who does not run it."""
        return self.hands(keyword) and not self.told(keyword)

    @functools.cached_property
    def files(self) -> tuple[PurePosixPath, ...]:
        """The files that it names, in the order in which it does, and the modules that it imports."""
        named = (name for node in ast.walk(self.tree) for name in self._named(node)) if self.tree else ()
        paths = dict.fromkeys(PurePosixPath(name.lstrip("/")) for name in named if name and "\0" not in name)
        return tuple(path for path in paths if ".." not in path.parts and self._is_file(path))

    @property
    def _call(self) -> ast.Call | None:
        """The call of ``setup``."""
        calls = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)] if self.tree else []
        known = (call for call in calls if _last_name(call.func) == "setup")
        return max(known, key=lambda call: len(call.keywords), default=None)

    @functools.cached_property
    def _constants(self) -> Mapping[str, str | list[str]]:
        """The literals that the script assigns at its top."""
        return dict(_assigned(self.tree)) if self.tree else {}

    def _value(self, node: ast.expr) -> str | list[str] | None:
        """Return a string, or a list of strings, None for anything that has to be run."""
        literal = _literal(node, self._constants)
        if literal is not None:
            return literal
        if isinstance(node, ast.Name):
            return self._elsewhere(node.id)
        if isinstance(node, ast.Attribute):
            return self._elsewhere(node.attr)
        # about["__title__"], after exec(open("about.py").read(), about)
        key = node.slice if isinstance(node, ast.Subscript) else None
        return self._elsewhere(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None

    def _elsewhere(self, name: str) -> str | list[str] | None:
        """Return what the modules that it names assign to a name, if they all assign the same."""
        trees = (_parsed(self.root / path) for path in self.files if path.suffix == ".py")
        found = [value for tree in trees if tree for key, value in _assigned(tree) if key == name]
        return found[0] if found and all(value == found[0] for value in found) else None

    def _named(self, node: ast.AST) -> Iterator[str]:
        """Yield what can be the path of a file in a piece of the script."""
        modules = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            modules = [one.name for one in node.names]
        for module in modules:
            path = module.replace(".", "/")
            yield from (f"{top}{path}{end}" for top in ("", "src/") for end in ("/__init__.py", ".py"))
        if isinstance(node, ast.Call):
            yield "/".join(self._texts(node.args))
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield "/".join(self._texts(_divided(node)))
        elif isinstance(node, ast.expr):
            yield from self._texts([node])

    def _texts(self, nodes: list[ast.expr]) -> Iterator[str]:
        values = (_literal(node, self._constants) for node in nodes)
        return (value for value in values if isinstance(value, str))

    def _is_file(self, path: PurePosixPath) -> bool:
        try:
            return path.name != NAME and (self.root / path).is_file()
        except OSError:
            # A text that is too long for a name.
            return False


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _assigned(tree: ast.Module) -> Iterator[tuple[str, str | list[str]]]:
    """Yield the names that a module assigns a literal to at its top, and these."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value:
            value = _literal(node.value, {})
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if value is not None:
                yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _literal(node: ast.expr, constants: Mapping[str, str | list[str]]) -> str | list[str] | None:
    """Return what an expression of literals and ``constants`` is: a string or a list of them, None for all else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_literal(one, constants) for one in node.elts]
        texts = [one for one in items if isinstance(one, str)]
        return texts if len(texts) == len(items) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _sum(_literal(node.left, constants), _literal(node.right, constants))
    if isinstance(node, ast.JoinedStr):
        inner = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        parts = [_literal(one, constants) for one in inner]
        return "".join(map(str, parts)) if all(isinstance(one, str) for one in parts) else None
    return None


def _sum(left: str | list[str] | None, right: str | list[str] | None) -> str | list[str] | None:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return [*left, *right] if isinstance(left, list) and isinstance(right, list) else None


def _divided(node: ast.expr) -> list[ast.expr]:
    """Return the parts of ``a / b / c``, in this order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return [*_divided(node.left), node.right]
    return [node]


def _parsed(path: Path) -> ast.Module | None:
    try:
        return _tree(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None


@functools.lru_cache(maxsize=32)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
