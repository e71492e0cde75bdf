"""Which files of a project contain its version: the places that change together."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from seatrial.errors import ReleaseError, VersionNotFound
from seatrial.project.config_files import SetupScript, takes_version_from_tag
from seatrial.project.version_places import (
    ASSIGNMENT,
    NPM_FILES,
    VersionPlace,
    find_assignments,
    find_in_crate,
    find_in_manifest,
    find_in_npm_file,
    find_in_table,
    find_in_uv_lock,
    find_required_in_table,
    is_version,
    old_lines,
    read_text,
    stretch_up_to,
)

if TYPE_CHECKING:
    from seatrial.project.project import Project


VERSION_MODULES = ("__init__.py", "__about__.py", "__version__.py", "_version.py", "version.py")
"""Modules of a package that have the version by custom."""

TAG_PLUGINS = (
    *("setuptools-scm", "setuptools-git-versioning", "hatch-vcs", "versioningit", "dunamai", "vcs-versioning"),
    *("uv-dynamic-versioning", "versioneer", "pbr", "flit-scm"),
)

POETRY_PLUGIN = "poetry-dynamic-versioning"
"""Build requirements that take the version from a tag."""

HATCH_SOURCES = ("regex", "code", "env", "nodejs")
"""The sources of a version that hatch has (Hatch, "Versioning"), and hatch-nodejs-version; others are plugins."""

MODULE_OF_INCREMENTAL = re.compile(
    r"""^__version__ = Version\((?P<quote>["'])(?P<name>[^"'\n]+)(?P=quote),""", re.MULTILINE
)
"""How incremental writes a version: ``__version__ = Version("tide", 1, 2, 3)``."""

SPHINX_FILES = tuple(
    PurePosixPath(folder, "conf.py") for folder in ("docs", "doc", "docs/source", "doc/source", "docs/src")
)
"""Where Sphinx is configured by custom: ``release`` is the version in full, ``version`` its first numbers."""


class VersionSource(Enum):
    """Where the version comes from."""

    FILES = "files"
    TAG = "tag"


@dataclass(frozen=True)
class VersionFiles:
    """All places of a project. ``version`` is None when it comes from the tag."""

    source: VersionSource
    places: tuple[VersionPlace, ...] = ()
    version: Version | None = None


def find_version_files(project: Project, files: Iterable[PurePosixPath]) -> VersionFiles:
    """Find the places in which ``project`` names its version.

    ``files``: those of the project, relative to it. In addition to the place that the build backend reads, or those
    which setup.py names, these are modules of the package with a ``__version__``, setup.cfg, ``current_version``
    of bump-my-version, a crate and a package of npm, and the project's own entry in uv.lock. Where the first is not
    there, bump-my-version says the version.
    Raises `VersionNotFound`, `VersionsDisagree`, `FileNotUtf8`, `PyprojectInvalid` or `PyprojectUnreadable`.
    """
    if comes_from_tag(project):
        return VersionFiles(VersionSource.TAG)
    listed = tuple(files)
    main = tuple(_main(project)) or tuple(_named_by_script(project))
    configured = project.table.get("tool", {}).get("bumpversion", {}).get("current_version")
    if not main and isinstance(configured, str) and is_version(configured):
        # The other places are those that bump-my-version is configured for.
        return VersionFiles(VersionSource.FILES, tuple(_bumpversion_note(project, configured)), Version(configured))
    if not main:
        raise _not_found(project, listed)
    others = (place for place in _other_places(project, listed, main[0].version) if place not in main)
    current = Version(main[0].version)
    neighbours = (place for place in _of_other_languages(project, listed) if Version(place.version) == current)
    # One that git ignores is in no commit; what lies above the project is not among its files.
    entries = (place for place in find_in_uv_lock(project) if place.path in listed or ".." in place.path.parts)
    places = tuple(dict.fromkeys([*main, *others, *neighbours, *entries]))
    versions = {Version(place.version): place for place in reversed(places)}
    if len(versions) > 1:
        raise ReleaseError(
            "the places that name the version disagree:\n" + "\n".join(f"  {place}" for place in places),
            code="VersionsDisagree",
            fix="write the same version into all of them and commit",
        )
    return VersionFiles(VersionSource.FILES, places, Version(main[0].version))


BUMPVERSION_EXAMPLE = """\
[tool.bumpversion]
current_version = "1.2.3"
[[tool.bumpversion.files]]
filename = "{}\""""


def _not_found(project: Project, files: Iterable[PurePosixPath]) -> VersionNotFound:
    """Return the error for a project whose version is in no place that is known."""
    hatch = project.table.get("tool", {}).get("hatch", {}).get("version", {})
    source = hatch.get("source", HATCH_SOURCES[0]) if isinstance(hatch, dict) else None
    by_file = BUMPVERSION_EXAMPLE.format("src/NAME/__init__.py")
    if project.backend.startswith("hatchling") and source not in HATCH_SOURCES:
        return VersionNotFound(
            f"{project.path}: where {source!r} of [tool.hatch.version] has the version is not known",
            fix=f'if from a tag: source = "vcs", and hatch-vcs in requires; if from a file:\n{by_file}',
        )
    for path in files:
        match = MODULE_OF_INCREMENTAL.search(read_text(project, path) or "") if path.name == "_version.py" else None
        if match:
            return VersionNotFound(
                f"{path} has the version in numbers, which seatrial does not write",
                fix=_example_of_numbers(path, match),
            )
    return VersionNotFound(
        f"{project.path} does not say where the version of {project.name} is",
        fix=f'write it there, or name each file that has it (bump-my-version, "Configuration"):\n{by_file}',
    )


def _example_of_numbers(path: PurePosixPath, match: re.Match[str]) -> str:
    """Return the settings with which bump-my-version writes a version in numbers."""
    quote = match["quote"]
    string = "'" if quote == '"' else '"'
    lines = [BUMPVERSION_EXAMPLE.format(path)]
    for key, prefix in (("search", "current"), ("replace", "new")):
        numbers = ", ".join(f"{{{prefix}_{part}}}" for part in ("major", "minor", "patch"))
        lines.append(f"{key} = {string}Version({quote}{match['name']}{quote}, {numbers}){string}")
    return "\n".join(lines)


def stale_numbers(
    project: Project, files: Iterable[PurePosixPath], places: VersionFiles, version: Version
) -> tuple[str, ...]:
    """Return the lines, with their places, that keep numbers of the version in ``places``, which ``version`` changes.

    They are those of the package's modules, among ``files``, and of the files of `STALE` by custom.
    """
    if places.version is None:
        return ()
    lines = list(_stale_lines(project, places, version))
    changed: dict[PurePosixPath, tuple[str, ...]] = {}
    for place in places.places:
        texts = (line.strip() for line in place.text.splitlines())
        changed[place.path] = (*changed.get(place.path, ()), *filter(None, texts))
    for path in files:
        is_own = path in changed or path.parts[:-1] in ((project.import_name,), ("src", project.import_name))
        text = read_text(project, path) or "" if is_own and path.suffix == ".py" else ""
        numbers = old_lines(text, places.version, version) if "version" in text.lower() else ()
        old = [(number, text.split("\n")[number - 1].strip()) for number in numbers]
        lines += [f"{path}:{number}: {line}" for number, line in old if not line.startswith(changed.get(path, ()))]
    return tuple(dict.fromkeys(lines))


CURRENT = r"(?P<line>^(?:current_)?(?:version|current)[ \t]*=[ \t]*[\"']{}[\"'])"
"""The line with the version in the configuration of another release tool."""

STALE = {
    **dict.fromkeys(SPHINX_FILES, r"^(?:version|release)[ \t]*=[ \t]*[\"']v?{}[\"']"),
    PurePosixPath("CITATION.cff"): r"^version:[ \t]*[\"']?v?{}[\"']?[ \t]*$",
    **dict.fromkeys(map(PurePosixPath, ("codemeta.json", ".zenodo.json")), r'"version"[ \t]*:[ \t]*"v?{}"'),
    **dict.fromkeys(
        map(PurePosixPath, ("recipe/meta.yaml", "conda/meta.yaml", "conda.recipe/meta.yaml")),
        r"^.*\bset version = [\"']v?{}[\"']",
    ),
    PurePosixPath("pixi.toml"): r"^version[ \t]*=[ \t]*[\"']{}[\"']",
    PurePosixPath("CMakeLists.txt"): r"^[ \t]*(?i:project)[ \t]*\([^()]*\bVERSION\s+{}(?=[\s)])",
    PurePosixPath("meson.build"): r"^.*\bversion[ \t]*:[ \t]*'{}'",
    PurePosixPath("sonar-project.properties"): r"^sonar\.projectVersion[ \t]*=[ \t]*{}[ \t]*$",
    PurePosixPath("snap/snapcraft.yaml"): r"^version:[ \t]*[\"']?v?{}[\"']?[ \t]*$",
    # Another release tool would compute its next version from this one.
    PurePosixPath("pyproject.toml"): r"^\[tool\.(?:commitizen|bumpver|tbump\.version)\](?:(?!^\[)[\s\S])*?" + CURRENT,
    **dict.fromkeys(map(PurePosixPath, (".cz.toml", "cz.toml", "tbump.toml", "bumpver.toml")), CURRENT),
    PurePosixPath(".release-please-manifest.json"): r"\"\.\"[ \t]*:[ \t]*\"{}\"",
}
"""The files that have the version of a project by custom, and the line with it."""


def _stale_lines(project: Project, places: VersionFiles, version: Version) -> Iterator[str]:
    old = str(places.version)
    shorts = [".".join(map(str, numbers)) for numbers in ((places.version or version).release[:2], version.release[:2])]
    for path, pattern in STALE.items():
        text = read_text(project, path) or "" if (project.root / path).is_file() else ""
        olds = [old, *(shorts[:1] if path in SPHINX_FILES and shorts[0] != shorts[1] else ())]
        for match in re.finditer(pattern.format(f"(?:{'|'.join(map(re.escape, olds))})"), text, re.MULTILINE):
            line = match.groupdict().get("line") or match[0]
            yield f"{path}:{text.count(chr(10), 0, match.end()) + 1}: {' '.join(line.split())}"


def comes_from_tag(project: Project) -> bool:
    """Whether the build backend takes the version from a tag."""
    tool = project.table.get("tool", {})
    required = project.table.get("build-system", {}).get("requires", [])
    if tool.get(POETRY_PLUGIN, {}).get("enable") or project.backend == "pbr.build":
        return True
    names = {canonicalize_name(re.split(r"[^\w.-]", str(text), maxsplit=1)[0]) for text in required}
    if not project.version_is_dynamic or "project" not in project.table:
        return takes_version_from_tag(project.root, project.table, has_plugin=bool(names & set(TAG_PLUGINS)))
    sources = (
        ("hatch", "version", "source", ("vcs",)),
        ("pdm", "version", "source", ("scm",)),
    )
    is_configured = any(tool.get(name, {}).get(table, {}).get(key) in values for name, table, key, values in sources)
    has_path = bool(tool.get("hatch", {}).get("version", {}).get("path"))
    is_configured = is_configured or _has_code_that_reads_tags(project)
    return is_configured or (bool(names & set(TAG_PLUGINS)) and not has_path and not _setuptools_settings(tool))


READS_TAGS = re.compile(
    r"^[ \t]*(?:from|import)[ \t]+(?:setuptools_scm|vcs_versioning|hatch_vcs|dunamai|versioningit|git)\b"
    r"|\bget_version_from_scm\b|\bgit\b[\s\"',]+(?:describe|tag)\b",
    re.MULTILINE,
)


def _has_code_that_reads_tags(project: Project) -> bool:
    """Whether hatch runs code of the project for the version (``source = "code"``), and that reads the tags."""
    setting = project.table.get("tool", {}).get("hatch", {}).get("version", {})
    path = setting.get("path") if isinstance(setting, dict) and setting.get("source") == "code" else None
    text = read_text(project, PurePosixPath(str(path))) if path else None
    return bool(text and READS_TAGS.search(text))


def _main(project: Project) -> Iterator[VersionPlace]:
    """Yield the places where the build backend looks."""
    tool = project.table.get("tool", {})
    path = PurePosixPath("pyproject.toml")
    static = {
        "project": project.table.get("project", {}).get("version"),
        "tool.poetry": tool.get("poetry", {}).get("version"),
    }
    declared = [(table, version) for table, version in static.items() if isinstance(version, str)]
    for table, version in declared:
        yield from find_required_in_table(project, path, table, "version", version)
    if not declared:
        yield from islice(find_in_crate(project), 1)
        if tool.get("hatch", {}).get("version", {}).get("source") == "nodejs":
            # The package.json that hatch-nodejs-version reads.
            path = PurePosixPath(str(tool["hatch"]["version"].get("path") or NPM_FILES[0]))
            yield from islice(find_in_npm_file(project, path), 1)
    for source in () if declared else _configured_sources(project, tool):
        yield from islice(_in_source(project, source), 1)


def _of_other_languages(project: Project, files: Iterable[PurePosixPath]) -> Iterator[VersionPlace]:
    """Yield where a crate, or a package of npm, that is next to pyproject.toml names its version."""
    yield from find_in_crate(project)
    top = [path for path in files if len(path.parts) == 1]
    if PurePosixPath("Cargo.toml") in top and project.backend != "maturin":
        yield from find_in_manifest(project, PurePosixPath("Cargo.toml"))
    for path in top:
        if path.name in NPM_FILES:
            yield from find_in_npm_file(project, path)


def _named_by_script(project: Project) -> tuple[VersionPlace, ...]:
    """Return where the files that setup.py names have the version that it computes; none where they disagree."""
    if not project.version_is_dynamic or not project.backend.startswith("setuptools"):
        return ()
    script = SetupScript.read(project.root)
    files = script.files if script.hands("version") else ()
    places = tuple(place for path in files for place in islice(find_assignments(project, path), 1))
    return places if len({Version(place.version) for place in places}) == 1 else ()


@dataclass(frozen=True)
class ConfiguredSource:
    """A file in which a build backend looks.

    It looks for the attribute, or the expression, ``name``, or for ``pattern``, with a group for the version.
    """

    path: PurePosixPath
    name: str = "__version__"
    pattern: str | None = None


DEEPEST_IMPORT = 3
"""How many modules may hand an attribute on."""


def _in_source(project: Project, source: ConfiguredSource, depth: int = DEEPEST_IMPORT) -> Iterator[VersionPlace]:
    """Yield where a file, or a module that its attribute is imported from, has the version."""
    if source.pattern is not None:
        yield from _matching(project, source.path, source.pattern)
        return
    places = tuple(find_assignments(project, source.path, source.name))
    yield from places
    if not places and depth and source.path.suffix == ".py":
        for imported in _imported_from(project, source):
            yield from _in_source(project, imported, depth - 1)


def _matching(project: Project, path: PurePosixPath, pattern: str) -> Iterator[VersionPlace]:
    text = read_text(project, path) or ""
    with contextlib.suppress(re.error):
        match = re.search(pattern, text, re.MULTILINE)
        group = next((name for name in ("version", "value") if match and name in match.groupdict()), None)
        if match and group and match[group] and is_version(match[group]):
            yield VersionPlace(path, stretch_up_to(text, match.end(group)), match[group])


IMPORT = re.compile(
    r"^from[ \t]+(?P<dots>\.*)(?P<module>[\w.]*)[ \t]+import[ \t]+(?:\((?P<several>[^)]*)\)|(?P<line>[^\n#]*))",
    re.MULTILINE,
)


def _imported_from(project: Project, source: ConfiguredSource) -> Iterator[ConfiguredSource]:
    """Yield the modules of the project that an attribute of a module may come from, with its name there."""
    for match in IMPORT.finditer(read_text(project, source.path) or ""):
        for item in (match["several"] or match["line"] or "").split(","):
            name, _, alias = item.strip().partition(" as ")
            if (alias or name).strip() != source.name:
                continue
            if match["dots"]:
                package = source.path.parent
                for _ in match["dots"][1:]:
                    package = package.parent
                module = PurePosixPath(package, *filter(None, match["module"].split(".")))
                files: Iterable[PurePosixPath] = (module.with_suffix(".py"), module / "__init__.py")
            else:
                files = _module_files(project, match["module"])
            yield from (ConfiguredSource(path, name.strip()) for path in files if path != source.path)


def _configured_sources(project: Project, tool: Mapping[str, Any]) -> Iterator[ConfiguredSource]:
    for name in ("hatch", "pdm"):
        setting = tool.get(name, {}).get("version", {})
        if setting.get("path"):
            pattern = setting.get("pattern") if name == "hatch" else None
            yield ConfiguredSource(
                PurePosixPath(setting["path"]),
                str(setting.get("expression") or "__version__") if setting.get("source") == "code" else "__version__",
                pattern if isinstance(pattern, str) else None,
            )
        if setting.get("source") == "call" and isinstance(setting.get("getter"), str):
            yield from _attribute(project, setting["getter"].split("(")[0].replace(":", "."))
    yield from _sources_of_setuptools(project, _setuptools_settings(tool))
    provider = tool.get("scikit-build", {}).get("metadata", {}).get("version", {})
    if isinstance(provider, dict) and isinstance(provider.get("input"), str):
        pattern = provider.get("regex")
        yield ConfiguredSource(PurePosixPath(provider["input"]), pattern=pattern if isinstance(pattern, str) else None)
    if project.backend == "mesonpy":
        yield ConfiguredSource(PurePosixPath("meson.build"))
        file = re.search(r"\bversion\s*:\s*files\(\s*'([^']+)'", read_text(project, PurePosixPath("meson.build")) or "")
        if file:
            yield ConfiguredSource(PurePosixPath(file[1]))
    if project.backend.startswith("flit_core"):
        flit = tool.get("flit", {})
        module = flit.get("module", {}).get("name") or flit.get("metadata", {}).get("module") or project.import_name
        yield from _attribute(project, f"{module}.__version__")
    declared = project.declared("metadata", "version")
    if declared.startswith("attr:"):
        yield from _attribute(project, declared[len("attr:") :].strip())
    elif declared.startswith("file:"):
        yield ConfiguredSource(PurePosixPath(declared[len("file:") :].strip()))
    yield ConfiguredSource(PurePosixPath("setup.cfg"))
    yield ConfiguredSource(PurePosixPath("setup.py"))


def _sources_of_setuptools(project: Project, dynamic: Mapping[str, Any]) -> Iterator[ConfiguredSource]:
    if isinstance(dynamic.get("file"), (str, list)):
        files = [dynamic["file"]] if isinstance(dynamic["file"], str) else dynamic["file"]
        yield from (ConfiguredSource(PurePosixPath(file)) for file in files)
    if isinstance(dynamic.get("attr"), str):
        yield from _attribute(project, dynamic["attr"])


def _attribute(project: Project, text: str) -> Iterator[ConfiguredSource]:
    """Yield where an attribute, such as ``tide.about.VERSION``, may be assigned."""
    module, _, name = text.rpartition(".")
    yield from (ConfiguredSource(path, name) for path in _module_files(project, module))


def _setuptools_settings(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    settings = tool.get("setuptools", {}).get("dynamic", {}).get("version", {})
    return settings if isinstance(settings, dict) else {}


def _module_files(project: Project, module: str) -> Iterator[PurePosixPath]:
    parts = PurePosixPath(*module.split("."))
    settings = project.table.get("tool", {}).get("setuptools", {})
    settings = settings if isinstance(settings, dict) else {}
    folders, packages = settings.get("package-dir"), settings.get("packages")
    finder = packages.get("find") if isinstance(packages, dict) else None
    tops = [folders.get("")] if isinstance(folders, dict) else []
    tops += finder["where"] if isinstance(finder, dict) and isinstance(finder.get("where"), list) else []
    for top in dict.fromkeys(("src", ".", *(top for top in tops if isinstance(top, str)))):
        yield PurePosixPath(top, parts, "__init__.py")
        yield PurePosixPath(top, parts).with_suffix(".py")


def _other_places(project: Project, files: Iterable[PurePosixPath], version: str) -> Iterator[VersionPlace]:
    """Yield what else names the version: ``__version__`` in the package, setup.cfg, bump-my-version's own note of it.

    ``__version__`` of the package that is named like the project counts whatever it says; anything else only when it
    is ``version``, because it can be the version of something else.
    """
    own = project.import_name.lower()
    files = tuple(files)
    tops = {"src", source_folder(project, files)}
    for path in files:
        if not str(path).endswith((".py", ".cfg")):
            continue
        parts = path.parts[1:] if path.parts[0] in tops else path.parts
        is_module = len(parts) == 1 and path.suffix == ".py" and path.parts[0] == "src"
        is_in_package = len(parts) == len(("package", "module")) and path.name in VERSION_MODULES
        in_namespace = path.name in VERSION_MODULES and "_".join(parts[:-1]).lower() == own
        if is_module or is_in_package or in_namespace or parts == (f"{own}.py",) or path == PurePosixPath("setup.cfg"):
            is_own = in_namespace or parts[0].lower() in (own, f"{own}.py")
            yield from (
                place
                for place in find_assignments(project, path)
                if place.version == version or (is_own and _has_to_agree(project, place))
            )
        if path in SPHINX_FILES:
            yield from (place for place in find_assignments(project, path, "release") if place.version == version)
    configured = project.table.get("tool", {}).get("bumpversion", {}).get("current_version")
    if isinstance(configured, str):
        yield from _bumpversion_note(project, configured)


def source_folder(project: Project, files: Collection[PurePosixPath]) -> str:
    """Return the folder at the top that holds the package named like the project, "." for the top itself."""
    module = (project.import_name, "__init__.py")
    tops = {path.parts[:-2] for path in files if path.parts[-2:] == module}
    sources = [top[0] for top in tops if len(top) == 1 and top[0] not in NO_SOURCES]
    # Of several, another one than src may have a copy.
    is_module = PurePosixPath(f"{project.import_name}.py") in files
    return sources[0] if len(sources) == 1 and () not in tops and not is_module else "."


DEVELOPMENT_FOLDERS = frozenset(
    ("tests", "test", "testing", "docs", "doc", "examples", "benchmarks", "tools", "scripts")
)
"""The names of folders at the top with tests, docs and tools, whose packages are in no wheel."""
NO_SOURCES = DEVELOPMENT_FOLDERS | {
    *("vendor", "vendored", "_vendor", "third_party", "third-party", "thirdparty", "extern", "external", "contrib"),
    *("stubs", "typings", "typestubs", "example", "samples", "demo", "build", "dist"),
}
"""Those, and the names of folders with copies, stubs and samples."""


def _has_to_agree(project: Project, place: VersionPlace) -> bool:
    """Return whether a place has to have the version: one that is assigned if another can't be found does not."""
    line = place.text.splitlines()[-1]
    if not ASSIGNMENT.search(place.text):
        # It may be the second argument of os.environ.get.
        return False
    computed = re.search(r"^[ \t]+__version__\s*=\s*[^\"'\s]", read_text(project, place.path) or "", re.MULTILINE)
    return "__version__" in line and not line[0].isspace() and computed is None


def _bumpversion_note(project: Project, version: str) -> Iterator[VersionPlace]:
    """Yield bump-my-version's own note of the version, which it writes itself, in whatever way that is written."""
    path = PurePosixPath("pyproject.toml")
    place = find_in_table(read_text(project, path) or "", path, "tool.bumpversion", "current_version", version)
    if place:
        yield place
