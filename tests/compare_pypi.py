"""Compares the tables and sentences that are copied from PyPI's own code with a checkout of pypi/warehouse.

Run it by hand: python tests/compare_pypi.py PATH. It exits with 1 if they differ. Its last result is in docs/checks.md.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import email_validator
import packaging
from packaging.utils import canonicalize_name

from checks import test_release, test_upload_rules
from seatrial.checks.registry import UPLOAD_RULES
from seatrial.distributions import pypi_rules, zip_structure
from seatrial.rehearsal.index_server import NEW_PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


SPOKEN = (
    "warehouse/forklift/forms.py",
    "warehouse/forklift/legacy.py",
    "warehouse/forklift/metadata.py",
    "warehouse/packaging/services.py",
    "warehouse/utils/zipfiles.py",
)
"""The files of PyPI with sentences for a refused upload; packaging's are PyPI's, too."""

LIBRARIES = (packaging, email_validator)
PACKAGES = ("trove-classifiers", "stdlib-list", "packaging", "readme-renderer", "email-validator")
"""The packages with the lists and rules that are not copied: PyPI's versions of them are compared with those here."""


EXCEPT = re.compile(r"^(\s*except\*?) ([^(\n]*,[^\n]*):$", re.MULTILINE)
"""Several exceptions without parentheses, which Python takes since 3.14 (PEP 758)."""


def parsed(path: Path) -> ast.Module:
    """Return the tree of a module of PyPI, whichever Python reads it."""
    return ast.parse(EXCEPT.sub(r"\1 (\2):", path.read_text(encoding="utf-8")))


def values_in(path: Path, constants: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the assignments at the top of a module evaluate to, of those that are plain data."""
    values = dict(constants)
    for node in parsed(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = value_of(node.value, values)
            except ValueError:
                continue
    return values


def value_of(node: ast.expr, constants: Mapping[str, Any]) -> Any:
    """Evaluate plain data. Raises `ValueError` for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, (ast.Set, ast.List, ast.Tuple)):
        items = [value_of(item, constants) for item in node.elts]
        return set(items) if isinstance(node, ast.Set) else items
    if isinstance(node, ast.Dict):
        # Of a table of functions, only the names are data.
        pairs = ((value_of(key, constants), value) for key, value in zip(node.keys, node.values) if key)
        return {key: None if isinstance(value, ast.Attribute) else value_of(value, constants) for key, value in pairs}
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.BitOr)):
        first, second = value_of(node.left, constants), value_of(node.right, constants)
        return first * second if isinstance(node.op, ast.Mult) else first | second
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
        return value_of(node.args[0], constants)
    raise ValueError(ast.unparse(node))


@dataclass(frozen=True)
class Table:
    """A copied table; ``name``: what it is called in ``file`` of PyPI; ``read``: how it is brought into our form."""

    value: Any
    file: str
    name: str
    read: Callable[[Any], Any] = frozenset


NOT_OF_PYPI = "DIST017"
"""The code of the one rule that PyPI does not have."""


def same(value: Any) -> Any:
    return value


TABLES = (
    Table(pypi_rules.FILE_LIMIT, "warehouse/constants.py", "MAX_FILESIZE", same),
    Table(pypi_rules.PROJECT_LIMIT, "warehouse/constants.py", "MAX_PROJECT_SIZE", same),
    Table(pypi_rules.DAYS_OPEN, "warehouse/forklift/legacy.py", "MAXIMUM_AGE_FOR_NEW_UPLOADS_DAYS", same),
    Table(pypi_rules.ZIP_RATIO, "warehouse/forklift/legacy.py", "COMPRESSION_RATIO_THRESHOLD", same),
    Table(pypi_rules.ZIP_FREE, "warehouse/forklift/legacy.py", "COMPRESSION_RATIO_MIN_SIZE", same),
    Table(pypi_rules.PLATFORMS, "warehouse/forklift/legacy.py", "_allowed_platforms"),
    Table(pypi_rules.MACOS_ARCHES, "warehouse/forklift/legacy.py", "_macosx_arches"),
    Table(pypi_rules.MACOS_VERSIONS, "warehouse/forklift/legacy.py", "_macosx_major_versions"),
    Table(pypi_rules.MANYLINUX_ARCHES, "warehouse/forklift/legacy.py", "_manylinux_arches"),
    Table(pypi_rules.MUSLLINUX_ARCHES, "warehouse/forklift/legacy.py", "_musllinux_arches"),
    Table(pypi_rules.IOS_ARCHES, "warehouse/forklift/legacy.py", "_ios_arches"),
    Table(pypi_rules.ANDROID_ARCHES, "warehouse/forklift/legacy.py", "_android_arches"),
    Table(
        pypi_rules.EXTENSIONS,
        "warehouse/forklift/forms.py",
        "_filetype_extension_mapping",
        lambda table: {kind: frozenset(extensions) for kind, extensions in table.items()},
    ),
    Table(pypi_rules.PROJECT_NAME, "warehouse/utils/project.py", "PROJECT_NAME_RE", lambda form: form[1:-2]),
    Table(pypi_rules.METADATA_VERSIONS, "warehouse/forklift/metadata.py", "SUPPORTED_METADATA_VERSIONS"),
    Table(
        pypi_rules.DYNAMIC_FIELDS,
        "warehouse/forklift/metadata.py",
        "DYNAMIC_FIELDS",
        lambda fields: frozenset(map(str.lower, fields)),
    ),
    Table({"summary": pypi_rules.SUMMARY_LIMIT}, "warehouse/forklift/metadata.py", "_LENGTH_LIMITS", same),
    Table(
        pypi_rules.CONTENT_TYPES,
        "warehouse/utils/readme.py",
        "_RENDERERS",
        # The others are for a description from before there were content types.
        lambda table: frozenset(filter(None, table)),
    ),
    Table(pypi_rules.SCANNED_SUFFIXES, "warehouse/utils/scanner.py", "_SCAN_EXTENSIONS"),
    Table(pypi_rules.SCANNED_LIMIT, "warehouse/utils/scanner.py", "_SCAN_MAX_FILE_SIZE", same),
)


def table_differences(checkout: Path) -> Iterator[str]:
    """Yield what differs between our tables and PyPI's."""
    constants = {"ONE_MIB": pypi_rules.MIB, "ONE_GIB": pypi_rules.GIB}
    for table in TABLES:
        values = values_in(checkout / table.file, constants)
        if table.name not in values:
            yield f"{table.name} is no longer in {table.file}"
        elif table.read(values[table.name]) != table.value:
            yield f"{table.name} in {table.file} is {values[table.name]!r}, and ours is {table.value!r}"
    label = re.search(
        r"len\(label\) > (\d+)", (checkout / "warehouse/forklift/metadata.py").read_text(encoding="utf-8")
    )
    if not label or int(label[1]) != pypi_rules.LABEL_LIMIT:
        yield f"the limit of labels is {label and label[1]}, and ours is {pypi_rules.LABEL_LIMIT}"


def name_differences(checkout: Path) -> Iterator[str]:
    """Yield what differs between the names that PyPI prohibits in its migrations and ours."""
    inserts = re.compile(r"INSERT INTO (?:blacklist|prohibited_project_names)\s*\(name\) VALUES \('([^']+)'\)")
    texts = (path.read_text(encoding="utf-8") for path in sorted((checkout / "warehouse/migrations").rglob("*.py")))
    names = {canonicalize_name(name) for text in texts for name in inserts.findall(text)}
    if names != pypi_rules.PROHIBITED_NAMES:
        yield f"PyPI's migrations prohibit {sorted(names)}, and we {sorted(pypi_rules.PROHIBITED_NAMES)}"


STRING = re.compile(r'^\s*\$\w+\s*=\s*"(.*)"\s*$', re.MULTILINE)


def rule_differences(checkout: Path) -> Iterator[str]:
    """Yield what differs between the YARA rules of PyPI and our patterns."""
    rules_of_pypi = {}
    for path in (checkout / "warehouse/utils/scanner_rules").glob("*.yar*"):
        for name, body in re.findall(
            r"rule (\w+) \{(.*?)^\}", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            message = re.search(r'message\s*=\s*"(.*?) See ', body)
            condition = body.partition("condition:")[2].strip()
            patterns = frozenset(text.encode() for text in STRING.findall(body))
            rules_of_pypi[name] = (message and message[1], patterns, condition)
    conditions = {True: "all of them", False: "any of them"}
    our_rules = {
        rule.name: (rule.message, frozenset(rule.patterns), conditions[rule.needs_all])
        for rule in pypi_rules.CONTENT_RULES
    }
    for name in sorted(rules_of_pypi.keys() | our_rules.keys()):
        if rules_of_pypi.get(name) != our_rules.get(name):
            yield f"the YARA rule {name} is {rules_of_pypi.get(name)}, and ours is {our_rules.get(name)}"


GAP = "\0"
"""The placeholder of a value in a sentence."""

VALUES = re.compile(
    r"https?://\S+|(?<!\w)'[^']*'|\"[^\"]*\"|\S*tide_?pool\S*|\[[^\]]*\]|\{\w*\}\S*|\b\d[\w.+!]*"
    r"|\b(?:Name|license-expression|maintainer|LICENSE|NOTICE|sdist)\b|\.TAR\.GZ|\bfoo\b.*|(?<=is invalid: )[^.]*",
    re.IGNORECASE,
)
"""What our samples bring into a sentence: addresses, quoted values, names, numbers."""


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts in a module, with a gap for each value that is put into them."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[^}]*\}", GAP, node.value)


def sentences() -> Iterator[str]:
    """Yield the sentences for refused files, as our tests expect them, and those of the rehearsal's index."""
    yield from test_upload_rules.FIELDS.values()
    yield from (sentence for _, sentence in test_upload_rules.REFUSED)
    at_the_door = {rule.code for rule in UPLOAD_RULES} - {NOT_OF_PYPI}
    results = test_release.results()
    messages = (results[code].finding.message or "" for code in sorted(at_the_door & results.keys()))
    yield from (message.partition("\n")[0] for message in messages)
    tree = ast.parse(Path(str(zip_structure.__file__)).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ZipStructureError":
            yield str(getattr(node.args[0], "value", zip_structure.MALFORMED))
    yield NEW_PROJECT


def pieces_of(sentence: str) -> Iterator[str]:
    """Yield the parts of a sentence between values and points, of more than one word."""
    for piece in re.split(rf"{GAP}|[.:] |\.$", VALUES.sub(GAP, sentence)):
        plain = piece.removesuffix("See").removesuffix("See ").strip(" .,:;'()[]\"-@/")
        if " " in plain:
            yield plain


def sentence_differences(checkout: Path) -> Iterator[str]:
    """Yield the parts of our sentences that PyPI's code and its libraries do not contain."""
    paths = [*(checkout / name for name in SPOKEN)]
    paths += [path for library in LIBRARIES for path in Path(str(library.__file__)).parent.glob("*.py")]
    texts = [text for path in paths for text in texts_of(path)]
    texts += [path.read_text(encoding="utf-8") for path in (checkout / "warehouse/utils/scanner_rules").iterdir()]
    corpus = " ".join(GAP.join(texts).split())
    for sentence in dict.fromkeys(sentences()):
        missing = [piece for piece in pieces_of(sentence) if " ".join(piece.split()) not in corpus]
        if missing:
            yield f"PyPI does not say {missing} in: {sentence}"


def versions(checkout: Path) -> Iterator[str]:
    """Yield the versions of packages that PyPI pins and that are installed here."""
    pins = (checkout / "requirements/main.txt").read_text(encoding="utf-8")
    for name in PACKAGES:
        pin = re.search(rf"^{name.replace('-', '[-_]')}(?:\[.*\])?==(\S+)", pins, re.MULTILINE)
        yield f"{name}: PyPI {pin[1] if pin else 'none'}, here {importlib.metadata.version(name)}"


def main(arguments: Iterable[str]) -> int:
    """Compare, print, and return the exit code."""
    checkout = Path(next(iter(arguments)))
    differences = [
        *table_differences(checkout),
        *name_differences(checkout),
        *rule_differences(checkout),
        *sentence_differences(checkout),
    ]
    print("\n".join(differences))
    count = len(set(sentences()))
    print(f"{len(TABLES) + 3} tables and {count} sentences, {len(differences)} differences")
    print("\n".join(versions(checkout)))
    return 1 if differences else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
