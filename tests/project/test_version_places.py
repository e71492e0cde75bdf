"""Where a project keeps its version."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from packaging.version import Version

from errors_raised import raises_error
from seatrial.errors import FileNotUtf8, PyprojectInvalid, VersionNotFound
from seatrial.project.find_versions import VersionFiles, VersionSource, find_version_files, stale_numbers
from seatrial.project.project import Project
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.version_places import VersionPlace, as_semantic_version
from seatrial.project.write_version import configured_files, raise_version


def find(root: Path, **files: str) -> VersionFiles:
    """Find the places in a project of these files."""
    for path, text in files.items():
        name = root / path
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(text.encode())
    return find_version_files(Project.from_directory(root), [PurePosixPath(name) for name in files])


def named(places: VersionFiles) -> list[tuple[str, str]]:
    return [(str(place.path), place.text) for place in places.places]


STATIC = '[project]\nname = "tide-pool"\nversion = "1.2.3"\n'
DYNAMIC = '[project]\nname = "tide-pool"\ndynamic = ["version"]\n'
BACKEND = '[build-system]\nrequires = []\nbuild-backend = "{}"\n'
MATURIN = DYNAMIC + BACKEND.format("maturin")
CRATE = '[package]\nname = "tide"\nedition = "2021"\n'
LOCK = "version = 4\n" + "".join(
    f'\n[[package]]\nname = "{name}"\nversion = "1.2.3"\n{more}'
    for name, more in {
        "other": 'source = "registry+x"\n',
        "pool": "",
        "tide": 'dependencies = [\n "other",\n]\n',
    }.items()
)
MODULE = '"""Doc."""\n__version__ = "1.2.3"\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": STATIC}, [("pyproject.toml", 'version = "1.2.3"')]),
        (
            {"pyproject.toml": STATIC, "src/tide_pool/__init__.py": MODULE},
            [("pyproject.toml", 'version = "1.2.3"'), ("src/tide_pool/__init__.py", '__version__ = "1.2.3"')],
        ),
        (
            {"pyproject.toml": STATIC, "tide_pool.py": "__version__: Final[str] = '1.2.3'\n"},
            [("pyproject.toml", 'version = "1.2.3"'), ("tide_pool.py", "__version__: Final[str] = '1.2.3'")],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + '[tool.hatch.version]\npath = "about.py"\n',
                "about.py": 'VERSION = "v1.2.3"\n',
            },
            [("about.py", 'VERSION = "v1.2.3"')],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + '[tool.setuptools.dynamic]\nversion = { attr = "pool.meta.__version__" }\n',
                "src/pool/meta.py": MODULE,
            },
            [("src/pool/meta.py", '__version__ = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + '[tool.setuptools.dynamic]\nversion = { file = ["VERSION"] }\n',
                "VERSION": "1.2.3\n",
            },
            [("VERSION", "1.2.3")],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + '[build-system]\nbuild-backend = "flit_core.buildapi"\n',
                "tide_pool.py": MODULE,
            },
            [("tide_pool.py", '__version__ = "1.2.3"')],
        ),
        (
            {"pyproject.toml": DYNAMIC + '[tool.pdm.version]\nsource = "file"\npath = "v.py"\n', "v.py": MODULE},
            [("v.py", '__version__ = "1.2.3"')],
        ),
        (
            {"pyproject.toml": '[tool.poetry]\nname = "tide-pool"\nversion = "1.2.3"\n'},
            [("pyproject.toml", 'version = "1.2.3"')],
        ),
        (
            {"pyproject.toml": "", "setup.cfg": "[metadata]\nname = tide-pool\nversion = 1.2.3\n"},
            [("setup.cfg", "version = 1.2.3")],
        ),
        (
            {
                "pyproject.toml": "",
                "setup.cfg": "[metadata]\nname = tide-pool\nversion = attr: tide_pool.__version__\n",
                "src/tide_pool/__init__.py": '__version__ = "1.2.3"\n',
            },
            [("src/tide_pool/__init__.py", '__version__ = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": "",
                "setup.cfg": "[metadata]\nname = tide-pool\nversion = file: VERSION\n",
                "VERSION": "1.2.3\n",
            },
            [("VERSION", "1.2.3")],
        ),
        (
            {"pyproject.toml": "", "setup.py": "from setuptools import setup\nsetup(\n    version='1.2.3',\n)\n"},
            [("setup.py", "    version='1.2.3'")],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "uv.lock": '[[package]]\nname = "tide"\nversion = "1.2.3"\nsource = { registry = "x" }\n\n'
                '[[package]]\nname = "tide-pool"\nversion = "1.2.3"\nsource = { editable = "." }\n',
            },
            [("pyproject.toml", 'version = "1.2.3"'), ("uv.lock", 'name = "tide-pool"\nversion = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": MATURIN,
                "Cargo.toml": CRATE + 'version = "1.2.3"\n\n[dependencies]\nserde = { version = "1.0.1" }\n',
                "Cargo.lock": LOCK,
            },
            [("Cargo.toml", 'version = "1.2.3"'), ("Cargo.lock", 'name = "tide"\nversion = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": MATURIN + '[tool.maturin]\nmanifest-path = "crates/tide/Cargo.toml"\n',
                "crates/tide/Cargo.toml": CRATE + "version.workspace = true\n",
                "Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n\n[workspace.package]\nversion = "1.2.3"\n',
                "Cargo.lock": LOCK,
            },
            [
                ("Cargo.toml", 'version = "1.2.3"'),
                ("Cargo.lock", 'name = "pool"\nversion = "1.2.3"'),
                ("Cargo.lock", 'name = "tide"\nversion = "1.2.3"'),
            ],
        ),
        (
            {"pyproject.toml": STATIC + BACKEND.format("maturin"), "Cargo.toml": CRATE + 'version = "1.2.3"\n'},
            [("pyproject.toml", 'version = "1.2.3"'), ("Cargo.toml", 'version = "1.2.3"')],
        ),
        (
            {"pyproject.toml": STATIC + BACKEND.format("maturin"), "Cargo.toml": CRATE + 'version = "0.0.0"\n'},
            [("pyproject.toml", 'version = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + BACKEND.format("mesonpy"),
                "meson.build": "# the build\nproject(\n  'tide', 'c', default_options: ['warning_level=(1)'],\n"
                "  meson_version: '>=1.1',\n  version: '1.2.3',\n)\n",
            },
            [("meson.build", "  version: '1.2.3'")],
        ),
        (
            {
                "pyproject.toml": DYNAMIC
                + '[tool.scikit-build.metadata.version]\nprovider = "scikit_build_core.metadata.regex"\n'
                'input = "src/pool/about.py"\n',
                "src/pool/about.py": MODULE,
            },
            [("src/pool/about.py", '__version__ = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "package.json": '{"name": "x", "private": true, "engines": {"version": "1.2.3"}, "version": "1.2.3"}',
                "package-lock.json": '{\n  "version": "1.2.3",\n  "packages": {\n    "": {\n      "version": "1.2.3"\n'
                '    },\n    "node_modules/x": {\n      "version": "1.2.3"\n    }\n  }\n}\n',
                "web/package.json": '{"version": "1.2.3"}',
            },
            [
                ("pyproject.toml", 'version = "1.2.3"'),
                (
                    "package.json",
                    '{"name": "x", "private": true, "engines": {"version": "1.2.3"}, "version": "1.2.3"',
                ),
                ("package-lock.json", '{\n  "version": "1.2.3"'),
                ("package-lock.json", '    "": {\n      "version": "1.2.3"'),
            ],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "package.json": '{"version": "1.2.4"}',
                "Cargo.toml": CRATE + 'version = "2.0.0"',
            },
            [("pyproject.toml", 'version = "1.2.3"')],
        ),
        (
            {"pyproject.toml": STATIC, "Cargo.toml": CRATE + 'version = "1.2.3"\n'},
            [("pyproject.toml", 'version = "1.2.3"'), ("Cargo.toml", 'version = "1.2.3"')],
        ),
        (
            {
                "pyproject.toml": DYNAMIC
                + BACKEND.format("hatchling.build")
                + '[tool.hatch.version]\nsource = "nodejs"\n',
                "package.json": '{"version": "1.2.3"}',
            },
            [("package.json", '{"version": "1.2.3"')],
        ),
    ],
    ids=[
        "static",
        "next to it",
        "module",
        "hatch",
        "attr",
        "file",
        "flit",
        "pdm",
        "poetry",
        "setup.cfg",
        "setup.cfg attr",
        "setup.cfg file",
        "setup.py",
        "uv.lock",
        "maturin",
        "maturin workspace",
        "maturin static",
        "maturin apart",
        "meson",
        "scikit-build",
        "npm",
        "npm apart",
        "crate next to it",
        "hatch-nodejs-version",
    ],
)
def test_version_is_found_where_the_backend_keeps_it(
    tmp_path: Path, files: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    places = find(tmp_path, **files)
    assert named(places) == expected
    assert (places.source, places.version) == (VersionSource.FILES, Version("1.2.3"))


@pytest.mark.parametrize(
    "pyproject",
    [
        DYNAMIC + '[build-system]\nrequires = ["setuptools>=77", "setuptools-scm[toml]>=8"]\n',
        DYNAMIC + '[build-system]\nrequires = ["hatchling", "hatch_vcs"]\n[tool.hatch.version]\nsource = "vcs"\n',
        DYNAMIC + '[tool.pdm.version]\nsource = "scm"\n',
        DYNAMIC + '[build-system]\nrequires = ["versioningit ~= 3.0"]\n',
        DYNAMIC + '[build-system]\nrequires = ["flit_scm"]\nbuild-backend = "flit_scm:buildapi"\n',
        '[tool.poetry]\nversion = "0.0.0"\n[tool.poetry-dynamic-versioning]\nenable = true\n',
        DYNAMIC
        + '[build-system]\nrequires = ["hatchling", "uv-dynamic-versioning"]\nbuild-backend = "hatchling.build"\n'
        + '[tool.hatch.version]\nsource = "uv-dynamic-versioning"\n',
        DYNAMIC + '[build-system]\nrequires = ["setuptools", "versioneer[toml]"]\n',
        '[build-system]\nrequires = ["pbr"]\nbuild-backend = "pbr.build"\n',
    ],
)
def test_version_can_come_from_the_tag(tmp_path: Path, pyproject: str) -> None:
    assert find(tmp_path, **{"pyproject.toml": pyproject}) == VersionFiles(VersionSource.TAG)


@pytest.mark.parametrize(
    ("code", "source"),
    [
        ("from setuptools_scm import get_version\n__version__ = get_version()\n", VersionSource.TAG),
        (
            "import pdm.backend.hooks.version as hooks\ndef v(): return hooks.get_version_from_scm('.')\n",
            VersionSource.TAG,
        ),
        ('from subprocess import run\n__version__ = run(["git", "describe", "--tags"])\n', VersionSource.TAG),
        # A literal that has nothing to do with tags.
        ('"""Digits that git does not describe: a tag has them too."""\n__version__ = "1.2.3"\n', VersionSource.FILES),
    ],
)
def test_code_that_hatch_runs_for_the_version_can_read_the_tags(
    tmp_path: Path, code: str, source: VersionSource
) -> None:
    places = find(tmp_path, **{"pyproject.toml": HATCH, "v.py": code})
    assert places.source is source


@pytest.mark.parametrize(
    "script",
    [
        "import versioneer\n{}setup(version=versioneer.get_version(), cmdclass=versioneer.get_cmdclass())\n",
        "{}setup(setup_requires=['pbr'], pbr=True)\n",
        "{}setup(use_scm_version=True)\n",
    ],
    ids=["versioneer", "pbr", "setuptools-scm"],
)
def test_script_can_take_the_version_from_the_tag(tmp_path: Path, script: str) -> None:
    files = {"pyproject.toml": "", "setup.cfg": "[metadata]\nname = tide\n", "setup.py": script.format(SETUP)}
    assert find(tmp_path, **files) == VersionFiles(VersionSource.TAG)


SETUPTOOLS = DYNAMIC + BACKEND.format("setuptools.build_meta")
FLIT = DYNAMIC + BACKEND.format("flit_core.buildapi")


@pytest.mark.parametrize(
    ("files", "places"),
    [
        # A module hands the version of another one on.
        (
            {
                "pyproject.toml": SETUPTOOLS
                + '[tool.setuptools.dynamic]\nversion = { attr = "tide_pool.__version__" }\n',
                "src/tide_pool/__init__.py": "from ._about import (\n    name,\n    VERSION as __version__,\n)\n",
                "src/tide_pool/_about.py": "VERSION = '1.2.3'\n",
            },
            ["src/tide_pool/_about.py"],
        ),
        (
            {
                "pyproject.toml": FLIT,
                "tide_pool/__init__.py": "from tide_pool.data import __version__\n",
                "tide_pool/data/__init__.py": "from ..v import __version__\n",
                "tide_pool/v.py": MODULE,
            },
            ["tide_pool/v.py"],
        ),
        # It has a name of its own, or a folder, or a pattern.
        (
            {
                "pyproject.toml": "",
                "setup.cfg": "[metadata]\nName = tide-pool\nVersion = attr: tide_pool.about.ver\n",
                "tide_pool/about.py": "__version__ = '3.0'\nver = '1.2.3'\n",
            },
            ["tide_pool/about.py"],
        ),
        (
            {
                "pyproject.toml": SETUPTOOLS
                + '[tool.setuptools]\npackage-dir = { "" = "lib" }\n'
                + '[tool.setuptools.dynamic]\nversion = { attr = "pool.__version__" }\n',
                "lib/pool/__init__.py": MODULE,
            },
            ["lib/pool/__init__.py"],
        ),
        (
            {
                "pyproject.toml": DYNAMIC
                + BACKEND.format("hatchling.build")
                + '[tool.hatch.version]\npath = "about.txt"\npattern = "tide (?P<version>.+)$"\n',
                "about.txt": "first\ntide 1.2.3\n",
            },
            ["about.txt"],
        ),
        (
            {
                "pyproject.toml": DYNAMIC + BACKEND.format("mesonpy"),
                "meson.build": "project('tide', 'c', version: files('VERSION'))\n",
                "VERSION": "1.2.3\n",
            },
            ["VERSION"],
        ),
        # A copy of the package is not the package.
        (
            {
                "pyproject.toml": STATIC,
                "src/tide_pool/__init__.py": MODULE,
                "compat/tide_pool/__init__.py": "__version__ = '0.5'\n",
            },
            ["pyproject.toml", "src/tide_pool/__init__.py"],
        ),
        # The package is in a folder of another name, which setuptools, maturin and meson can be configured for.
        (
            {
                "pyproject.toml": DYNAMIC + BACKEND.format("mesonpy"),
                "meson.build": "project('tide', 'c', version: '1.2.3')\n",
                "lib/tide_pool/__init__.py": "from tide_pool._version import __version__\n",
                "lib/tide_pool/_version.py": MODULE,
                "lib/vendored/tide_pool/__init__.py": "",
                "lib/other/_version.py": "__version__ = '9'\n",
                "tests/tide_pool/__init__.py": "__version__ = '8'\n",
            },
            ["meson.build", "lib/tide_pool/_version.py"],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "python/tide_pool/__init__.py": MODULE,
                "examples/tide_pool/__init__.py": "__version__ = '8'\n",
            },
            ["pyproject.toml", "python/tide_pool/__init__.py"],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "tide_pool/__init__.py": MODULE,
                "vendor/tide_pool/__init__.py": "__version__ = '8'\n",
            },
            ["pyproject.toml", "tide_pool/__init__.py"],
        ),
        # A folder with a copy, with stubs or with a sample is not that of the package, though no other has it.
        *(
            (
                {"pyproject.toml": STATIC, f"{folder}/tide_pool/__init__.py": "__version__ = '8'\n", **module},
                ["pyproject.toml", *module],
            )
            for folder, module in (
                ("vendor", {"tide_pool.py": MODULE}),
                ("compat", {"tide_pool.py": MODULE}),
                ("third_party", {}),
                ("stubs", {}),
                ("demo", {}),
            )
        ),
        # What stands in for a version that is not found has another; the documentation has the same.
        (
            {
                "pyproject.toml": STATIC,
                "src/tide_pool/__init__.py": "try:\n    __version__ = version('x')\nexcept Exception:\n"
                "    __version__ = '0.0.0'\n",
                "docs/conf.py": "release = 'v1.2.3'\nversion = '1.2'\n",
                "doc/conf.py": "release = '9'\n",
            },
            ["pyproject.toml", "docs/conf.py"],
        ),
        (
            {
                "pyproject.toml": STATIC,
                "src/tide_pool/__init__.py": "__version__ = '0+unknown'\nif found:\n    __version__ = found['v']\n",
            },
            ["pyproject.toml"],
        ),
    ],
)
def test_version_is_where_the_settings_lead_to(tmp_path: Path, files: dict[str, str], places: list[str]) -> None:
    version_files = find(tmp_path, **files)
    assert [place.path.as_posix() for place in version_files.places] == places
    assert version_files.version == Version("1.2.3")


JOINED = """VERSION = (1, 2, 3)\n__version__ = ".".join(map(str, VERSION))\n"""
HATCH = DYNAMIC + BACKEND.format("hatchling.build") + '[tool.hatch.version]\nsource = "code"\npath = "v.py"\n'


@pytest.mark.parametrize(
    ("files", "line", "written"),
    [
        # Numbers in brackets, and what is made of them.
        (
            {
                "pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = { attr = "pool.VERSION" }\n',
                "pool/__init__.py": "VERSION = (\n    1,\n    2,\n    3,\n)\n",
            },
            "    3,",
            'VERSION = (\n    1,\n    3,\n    "0rc1",\n)\n',
        ),
        ({"pyproject.toml": FLIT, "tide_pool.py": JOINED}, "VERSION = (1, 2, 3)", JOINED.replace("2, 3", '3, "0rc1"')),
        ({"pyproject.toml": HATCH, "v.py": JOINED}, "VERSION = (1, 2, 3)", JOINED.replace("2, 3", '3, "0rc1"')),
        (
            {
                "pyproject.toml": "",
                "setup.py": 'from setuptools import setup\nV = [1, 2, 3]\nsetup(version="%d.%d.%d" % tuple(V))\n',
            },
            "V = [1, 2, 3]",
            'from setuptools import setup\nV = [1, 3, "0rc1"]\nsetup(version="%d.%d.%d" % tuple(V))\n',
        ),
        # The result of an expression or of a function.
        (
            {"pyproject.toml": HATCH + 'expression = "get()"\n', "v.py": 'def get():\n    return "1.2.3"\n'},
            '    return "1.2.3"',
            'def get():\n    return "1.3.0rc1"\n',
        ),
        (
            {
                "pyproject.toml": DYNAMIC + '[tool.pdm.version]\nsource = "call"\ngetter = "pool.v:get()"\n',
                "pool/v.py": "def get():\n    return VALUE\n\n\nVALUE = '1.2.3'\n",
            },
            "VALUE = '1.2.3'",
            "def get():\n    return VALUE\n\n\nVALUE = '1.3.0rc1'\n",
        ),
        # Other ways to write a string.
        *(
            ({"pyproject.toml": STATIC, "tide_pool.py": text}, line, text.replace("1.2.3", "1.3.0rc1"))
            for text, line in {
                '\ufeff__version__ = Version("1.2.3")\n': '\ufeff__version__ = Version("1.2.3")',
                '__version__ = (\n    "1.2.3"\n)\n': '    "1.2.3"',
                "__version__ = u'1.2.3'\n": "__version__ = u'1.2.3'",
                "__author__, __version__ = 'é', '1.2.3'\n": "__author__, __version__ = 'é', '1.2.3'",
                "a = 'é'; __version__ = '1.2.3'\n": "a = 'é'; __version__ = '1.2.3'",
            }.items()
        ),
    ],
)
def test_version_is_written_where_an_expression_leads_to(
    tmp_path: Path, files: dict[str, str], line: str, written: str
) -> None:
    version_files = find(tmp_path, **files)
    place = version_files.places[-1]
    assert (version_files.version, str(place.path)) == (Version("1.2.3"), list(files)[-1])
    assert line.startswith(place.text.splitlines()[-1])
    raise_version(ProjectSnapshot.of(tmp_path, tuple(map(PurePosixPath, files)), {}), Version("1.3.0rc1"))
    assert (tmp_path / place.path).read_bytes().decode() == written
    assert find_version_files(Project.from_directory(tmp_path), [place.path]).version == Version("1.3.0rc1")


SCRIPT = "from setuptools import setup\n{}setup(name='tide-pool', version={})\n"
NUMBERS = "MAJOR = 1\nMINOR = 2\n# Fixes.\nPATCH = 3\n"


@pytest.mark.parametrize(
    ("numbers", "version"),
    [
        (f"{NUMBERS}VERSION = f'{{MAJOR}}.{{MINOR}}.{{PATCH}}'\n", "VERSION"),
        (f"{NUMBERS}VERSION = '%d.%d.%d' % (MAJOR, MINOR, PATCH)\n", "VERSION"),
        (f"{NUMBERS}__version__ = '{{}}.{{}}.{{}}'.format(MAJOR, MINOR, PATCH)\n", "__version__"),
        (NUMBERS, "'.'.join(map(str, (MAJOR, MINOR, PATCH)))"),
        (NUMBERS, "str(MAJOR) + '.' + str(MINOR) + '.' + str(PATCH)"),
        ("MAJOR, MINOR, PATCH = '1', '2', '3'\n", "'.'.join([MAJOR, MINOR, PATCH])"),
        ("MAJOR, MINOR, PATCH = 1, 2, 3\n", "f'{MAJOR}.{MINOR}.{PATCH}'"),
    ],
)
def test_numbers_that_names_have_are_written_each_in_its_place(tmp_path: Path, numbers: str, version: str) -> None:
    script = SCRIPT.format(numbers, version)
    assert find(tmp_path, **{"pyproject.toml": "", "setup.py": script}).version == Version("1.2.3")
    snapshot = ProjectSnapshot.of(tmp_path, (PurePosixPath("setup.py"),), {})
    raise_version(snapshot, Version("1.12.0"))
    after = script.replace("2", "12").replace("3", "0")
    assert (tmp_path / "setup.py").read_text(encoding="utf-8") == after
    for unfit in ("1.12.1rc1", "1.12.0.1", "1.13"):
        with raises_error("VersionNotWritten"):
            raise_version(ProjectSnapshot.of(tmp_path, (PurePosixPath("setup.py"),), {}), Version(unfit))
        assert (tmp_path / "setup.py").read_text(encoding="utf-8") == after


@pytest.mark.parametrize(
    "module",
    [
        "get = f'{A}.{B}'\nA = 1\nB = 2\nB = 3\n",
        "get = f'{B}.{A}'\nA = 1\nB = 2\n",
        "get = f'{A}.{B}.dev'\nA = 1\nB = 2\n",
        "get = f'{A}-{B}'\nA = 1\nB = 2\n",
        "get = f'{A}{B}'\nA = 1\nB = 2\n",
        "get = f'{A}.{B}'\nA = 1\nB = other()\n",
        "def get():\n    if found:\n        return found\n    return '0.0.0'\n",
        "get = x('1.2.3' + suffix)\n",
        "get = f'1.2{x}'\n",
        "get = ''.join(VALUE[:2])\nVALUE = (1, 2, 3)\n",
        "get = x(VALUE)\nVALUE = (1, 2, 3, 'final', 0)\n",
        "get = other\nother = get\n",
        "get = ('1.2.3', '1.2.4')\n",
        "get = x('1.2.3', '1.2.4')\n",
        "get = x('1.2' '.3')\n",
        "get = (\n",
    ],
)
def test_piece_of_a_version_or_one_of_several_is_no_place(tmp_path: Path, module: str) -> None:
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": HATCH + 'expression = "get"\n', "v.py": module})


@pytest.mark.parametrize(
    "text",
    [
        'project.name = "tide-pool"\nproject.version = "{}"\n',
        'project = {{ name = "tide-pool", dependencies = ["x==1.2.3"], version = "{}" }}\n',
        '[project]\nname = "tide-pool"\nversion = """{}"""\n',
        '[project]\nname = "tide-pool"\nkeywords = [\n  "1.2.3",\n]\nversion = "{}"  # 1.2.3\n',
        '[project]\nname = "tide-pool"\nreadme = {{ text = """\n[x]\nversion = "1.2.3"\n""" }}\n"version" = \'{}\'\n',
        '[tool.x]\nversion = "1.2.3"\n[project]\nname = "tide-pool"\nversion = "{}"\n[tool.y]\nversion = "1.2.3"\n',
        '[project]\r\nname = "tide-pool"\r\ndescription = "é"\r\nversion = "{}"\r\n',
    ],
)
def test_version_is_written_in_every_form_of_a_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.format("1.2.3").encode())
    raise_version(ProjectSnapshot.of(tmp_path, (), {}), Version("1.3.0"))
    assert (tmp_path / "pyproject.toml").read_bytes().decode() == text.format("1.3.0")


def test_modules_that_import_from_each_other_have_no_version(tmp_path: Path) -> None:
    modules = {"tide_pool/__init__.py": "from .v import __version__\n", "tide_pool/v.py": "from . import __version__\n"}
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": FLIT, **modules})


def test_source_of_hatch_that_is_not_known_is_named(tmp_path: Path) -> None:
    more = BACKEND.format("hatchling.build") + '[tool.hatch.version]\nsource = "odd"\n'
    with pytest.raises(VersionNotFound, match=r"where 'odd' of \[tool\.hatch\.version\] has the version is not known"):
        find(tmp_path, **{"pyproject.toml": DYNAMIC + more})


def test_version_of_incremental_gets_settings_for_its_numbers(tmp_path: Path) -> None:
    module = 'from incremental import Version\n__version__ = Version("tide", 1, 2, 3)\n'
    with pytest.raises(VersionNotFound, match=r"src/tide/_version\.py has the version in numbers") as raised:
        find(tmp_path, **{"pyproject.toml": DYNAMIC, "src/tide/_version.py": module})
    assert raised.value.fix.splitlines()[-3:] == [
        'filename = "src/tide/_version.py"',
        """search = 'Version("tide", {current_major}, {current_minor}, {current_patch})'""",
        """replace = 'Version("tide", {new_major}, {new_minor}, {new_patch})'""",
    ]


def test_package_of_another_name_changes_too_when_it_has_the_same_version(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": STATIC,
        "src/Tide_Pool/__init__.py": '__version__ = VERSION = "1.2.3"\n',
        "src/pool/__init__.py": 'VERSION = "2"\n__version__ = "1.2.3"\nif True:\n    __version__ = "1.2.3"\n',
        "src/other/__init__.py": '__version__ = "9.9"\n',
        "tests/__init__.py": '__version__ = "0"\n',
    }
    assert named(find(tmp_path, **files)) == [
        ("pyproject.toml", 'version = "1.2.3"'),
        ("src/Tide_Pool/__init__.py", '__version__ = VERSION = "1.2.3"'),
        ("src/pool/__init__.py", 'VERSION = "2"\n__version__ = "1.2.3"'),
        ("src/pool/__init__.py", '    __version__ = "1.2.3"'),
    ]


SETUP = "from setuptools import setup\n"
MESON = "project(\n  'tide', 'c',{}\n  version: '1.2.3',\n)\n"
SHARING = {
    "pyproject.toml": MATURIN + '[tool.maturin]\nmanifest-path = "crates/tide/Cargo.toml"\n',
    "crates/tide/Cargo.toml": CRATE + "version.workspace = true\n",
}


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"Cargo.toml": '[workspace.package]\nversion = "9"\n\n' + CRATE + 'version = "1.2.3"\n'}, 'version = "1.2.3"'),
        ({"Cargo.toml": CRATE + 'description = """\nversion = "9"\n"""\nversion = "1.2.3"\n'}, 'version = "1.2.3"'),
        ({"Cargo.toml": '[package.metadata]\nversion = "9"\n\n' + CRATE + 'version = "1.2.3"\n'}, 'version = "1.2.3"'),
        ({"Cargo.toml": ' [ package ]\n\tname = "tide"\n\t"version"\t= "1.2.3"\n'}, '\t"version"\t= "1.2.3"'),
        (
            {**SHARING, "Cargo.toml": CRATE + 'version = "9"\n\n[workspace.package]\nversion = "1.2.3"\n'},
            'version = "1.2.3"',
        ),
        ({"meson.build": MESON.format("\n  # version: '9'")}, "  version: '1.2.3'"),
        ({"meson.build": MESON.format("  # it's (so")}, "  version: '1.2.3'"),
        ({"meson.build": MESON.format(" license: 'a (b', x: f(g(['version: 9'])),")}, "  version: '1.2.3'"),
        ({"setup.py": SETUP + '# setup(version="9")\nsetup(version="1.2.3")\n'}, 'setup(version="1.2.3"'),
        ({"setup.py": SETUP + 'e = Extension("é", version="9")\nsetup(version="1.2.3")'}, 'setup(version="1.2.3"'),
        ({"setup.py": SETUP + 'setup(x="é", version="1.2.3", y="1.2.3")'}, 'setup(x="é", version="1.2.3"'),
        ({"setup.py": f'"""\nversion = "9"\n"""\n{SETUP}setup(version="1.2.3")'}, 'setup(version="1.2.3"'),
        (
            {"setup.py": f'\ufeff{SETUP}options = dict(version="1.2.3")\nsetup(**options)'},
            'options = dict(version="1.2.3"',
        ),
        ({"setup.cfg": "[metadata] \nname = tide\nversion: 1.2.3  \n"}, "version: 1.2.3  "),
    ],
)
def test_version_is_found_in_odd_forms(tmp_path: Path, files: dict[str, str], place: str) -> None:
    pyproject = MATURIN if "Cargo.toml" in files else DYNAMIC + BACKEND.format("mesonpy")
    is_old = {"setup.py", "setup.cfg"} & files.keys()
    places = find(tmp_path, **{"pyproject.toml": "" if is_old else pyproject, **files})
    assert [at.text for at in places.places] == [place]
    name, line = str(places.places[0]).split(": ", 1)
    assert (name in files, line.count('"') % 2, line.startswith(place.strip())) == (True, 0, True)


@pytest.mark.parametrize("value", ['"1.2" ".3"', '"1." + "2.3"', 'get("v") or "1"', '"""1.2.3\n"""'])
def test_partial_version_is_not_found(tmp_path: Path, value: str) -> None:
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": "", "setup.py": f"{SETUP}setup(version={value})\n"})


@pytest.mark.parametrize(
    ("path", "start", "again"),
    [
        ("Cargo.toml", "[package]\n", "\n"),
        ("meson.build", "", "\n"),
        ("meson.build", "project(", "()"),
        ("setup.py", "", "\n"),
        ("setup.cfg", "[metadata]\n", "\n"),
    ],
)
def test_long_file_is_read_at_once(tmp_path: Path, path: str, start: str, again: str) -> None:
    """What is read in steps of the square of its length would not end here, or after minutes."""
    backend = {"Cargo.toml": "maturin", "meson.build": "mesonpy"}.get(path, "setuptools.build_meta")
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": DYNAMIC + BACKEND.format(backend), path: start + again * 200_000})


def test_requirements_for_crates_of_the_same_version_change_with_it(tmp_path: Path) -> None:
    """Those of another version stay, and those of a crate with a version of its own."""
    root = '[workspace]\nmembers = ["crates/*"]\n[workspace.package]\nversion = "1.2.3"\n'
    needs = '[workspace.dependencies]\ncore = { path = "crates/core", version = "=1.2.3" }\nother = "1.2.3"\n'
    member = 'version.workspace = true\n[target."cfg(unix)".dev-dependencies.core]\npath = "../core"\n'
    own = '[package]\nname = "own"\nversion = "1.2.3"\n'
    files = {
        "pyproject.toml": MATURIN + '[tool.maturin]\nmanifest-path = "crates/tide/Cargo.toml"\n',
        "Cargo.toml": f'{root}{needs}own = {{ path = "crates/own", version = "1.2.3" }}\n',
        "crates/core/Cargo.toml": '[package]\nname = "core"\nversion.workspace = true\n',
        "crates/own/Cargo.toml": own,
        "crates/tide/Cargo.toml": f'{CRATE}{member}version = "^1.2.3"\n[dependencies.x]\npath = "a"\nversion = "1"\n',
    }
    find(tmp_path, **files)
    raise_version(ProjectSnapshot.of(tmp_path, tuple(map(PurePosixPath, files)), {}), Version("2.0rc1"))
    after = {path: (tmp_path / path).read_text(encoding="utf-8") for path in files}
    root_after = files["Cargo.toml"].replace('version = "1.2.3"', 'version = "2.0.0-rc.1"', 1)
    assert after == {
        **files,
        "Cargo.toml": root_after.replace('"=1.2.3"', '"=2.0.0-rc.1"'),
        "crates/tide/Cargo.toml": files["crates/tide/Cargo.toml"].replace("^1.2.3", "^2.0.0-rc.1"),
    }


def test_path_that_can_be_none_names_no_version(tmp_path: Path) -> None:
    pyproject = MATURIN + '[tool.maturin]\nmanifest-path = "a\\u0000b"\n'
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": pyproject})


def test_both_tables_and_the_note_of_bump_my_version_change(tmp_path: Path) -> None:
    more = '[tool.poetry]\nversion = "1.2.3"\n[tool.bumpversion]\ncurrent_version = "1.2.3"\n'
    assert [place.text.splitlines()[-1] for place in find(tmp_path, **{"pyproject.toml": STATIC + more}).places] == [
        'version = "1.2.3"',
        'version = "1.2.3"',
        'current_version = "1.2.3"',
    ]


def test_text_of_the_version_occurs_in_the_file_once(tmp_path: Path) -> None:
    other = '[tool.other]\nversion = "1.2.3"\n'
    own = '[project]\nname = "tide"\nversion = "1.2.3"\ndependencies = ["lib==1.2.3"]\n'
    (place,) = find(tmp_path, **{"pyproject.toml": other + own}).places
    assert place.text == 'name = "tide"\nversion = "1.2.3"'
    assert place.with_version(Version("2.0rc1")) == 'name = "tide"\nversion = "2.0rc1"'


@pytest.mark.parametrize(
    ("version", "crate_version"),
    [
        ("1.3", "1.3.0"),
        ("1.3rc1", "1.3.0-rc.1"),
        ("2", "2.0.0"),
        ("1.3.0b2.dev4", "1.3.0-b.2.dev.4"),
        ("1.3.0.post1", "1.3.0-post.1"),
        ("1.3.0+here", "1.3.0+here"),
    ],
)
def test_version_of_a_crate_is_semantic_and_equal(version: str, crate_version: str) -> None:
    assert as_semantic_version(Version(version)) == crate_version
    assert Version(crate_version) == Version(version)


@pytest.mark.parametrize(
    ("name", "text"), [("package.json", '{"version": "VERSION"}'), ("Cargo.toml", CRATE + 'version = "VERSION"\n')]
)
def test_pre_release_is_written_as_each_file_needs_it(tmp_path: Path, name: str, text: str) -> None:
    files = {"pyproject.toml": STATIC, name: text.replace("VERSION", "1.2.3")}
    for version, spelled in (("1.3.0rc1", "1.3.0-rc.1"), ("1.3.0rc2", "1.3.0-rc.2"), ("1.3.0", "1.3.0")):
        for path, content in files.items():
            (tmp_path / path).write_text(content)
        raise_version(ProjectSnapshot.of(tmp_path, tuple(map(PurePosixPath, files)), {}), Version(version))
        files = {path: (tmp_path / path).read_text() for path in files}
        assert files[name] == text.replace("VERSION", spelled)
        assert f'version = "{version}"' in files["pyproject.toml"]


def test_version_with_zeros_keeps_them(tmp_path: Path) -> None:
    text = STATIC.replace("1.2.3", "2026.05.03")
    settings = '[tool.bumpversion]\n[[tool.bumpversion.files]]\nfilename = "README"\n'
    find(tmp_path, **{"pyproject.toml": text + settings, "README": "2026.05.03"})
    raise_version(ProjectSnapshot.of(tmp_path, (), {}), Version("2026.6.1"))
    assert (tmp_path / "README").read_text(encoding="utf-8") == "2026.06.01"
    assert (tmp_path / "pyproject.toml").read_text(encoding="utf-8") == STATIC.replace("1.2.3", "2026.06.01") + settings


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (place,) = find(tmp_path, **{"pyproject.toml": STATIC.replace("\n", "\r\n")}).places
    assert place == VersionPlace(PurePosixPath("pyproject.toml"), 'version = "1.2.3"', "1.2.3")


def test_places_that_disagree_are_named(tmp_path: Path) -> None:
    with raises_error("VersionsDisagree") as raised:
        find(tmp_path, **{"pyproject.toml": STATIC, "tide_pool/__init__.py": '__version__ = "1.2"\n'})
    assert raised.value.what == (
        "the places that name the version disagree:\n"
        '  pyproject.toml: version = "1.2.3"\n'
        '  tide_pool/__init__.py: __version__ = "1.2"'
    )


def test_lock_outside_of_the_project_has_no_version(tmp_path: Path) -> None:
    """A release does not write into one that git ignores: it would disagree from then on."""
    (tmp_path / "uv.lock").write_text('[[package]]\nname = "tide-pool"\nversion = "1.2"\nsource = { editable = "." }\n')
    assert named(find(tmp_path, **{"pyproject.toml": STATIC})) == [("pyproject.toml", 'version = "1.2.3"')]


def test_missing_version_is_reported(tmp_path: Path) -> None:
    with pytest.raises(VersionNotFound):
        find(tmp_path, **{"pyproject.toml": DYNAMIC})


def test_text_that_is_not_a_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PyprojectInvalid, match='version = "one" is not a version'):
        find(tmp_path, **{"pyproject.toml": STATIC.replace("1.2.3", "one")})


def test_numbers_of_the_version_before_are_listed(tmp_path: Path) -> None:
    module = (
        '__version__ = "1.2.3"\nVERSION_MAJOR = 1\nVERSION_MINOR: int = 3\n_patch = 3  # the last\n'
        "version_info = (1, 2, 3)\n__version_info__ = (1, 3)\nmajority = 9\nMAJOR = 9 + 1\n"
    )
    files = {
        "pyproject.toml": STATIC,
        "src/tide_pool/__init__.py": module,
        "src/tide_pool/info.py": "VERSION: Info = Info(\n  major=1, minor=2, micro=3\n)\nversion = ['1', '2', '3']\n",
        "src/tide_pool/cli.py": 'if True:\n    __version__ = "1.2.3"\n',
        "src/tide_pool/protocol.py": "VERSION = (1, 1)\n_version = '1.2.4'\n",
        "src/other.py": "MAJOR = 9\n",
        "tests/version.py": "version_info = (1, 2, 3)\n",
    }
    places = find(tmp_path, **files)
    assert stale_numbers(Project.from_directory(tmp_path), map(PurePosixPath, files), places, Version("1.3.0rc1")) == (
        "src/tide_pool/__init__.py:4: _patch = 3  # the last",
        "src/tide_pool/__init__.py:5: version_info = (1, 2, 3)",
        "src/tide_pool/info.py:1: VERSION: Info = Info(",
        "src/tide_pool/info.py:4: version = ['1', '2', '3']",
        'src/tide_pool/cli.py:2: __version__ = "1.2.3"',
    )
    assert (
        stale_numbers(Project.from_directory(tmp_path), map(PurePosixPath, files), places, Version("1.2.3.post1")) == ()
    )


def test_files_outside_of_the_package_that_keep_the_version_are_listed(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": STATIC
        + '[tool.commitizen]\nversion_files = ["a.py"]\nversion = "1.2.3"\n[tool.other]\nversion = "1.2.3"\n',
        "tbump.toml": '[version]\ncurrent = "1.2.3"\n',
        ".release-please-manifest.json": '{\n  ".": "1.2.3",\n  "packages/tide": "1.2.3"\n}\n',
        "docs/conf.py": 'release = "1.2.3"\nversion = "1.2"\n',
        "CITATION.cff": "cff-version: 1.2.3\nversion: 1.2.3\n",
        "codemeta.json": '{\n  "version": "1.2.3"\n}\n',
        ".zenodo.json": '{"title": "tide", "version": "1.2.3"}\n',
        "recipe/meta.yaml": '{% set version = "1.2.3" %}\n',
        "pixi.toml": '[project]\nname = "tide"\nversion = "1.2.3"\n',
        "CMakeLists.txt": "cmake_minimum_required(VERSION 3.15)\nproject(\n  tide VERSION 1.2.3\n  LANGUAGES C)\n",
        "meson.build": "project('tide', 'c', version: '1.2.3')\n",
        "snap/snapcraft.yaml": "version: '1.2.3'\n",
    }
    places = find(tmp_path, **files)
    raise_version(ProjectSnapshot.of(tmp_path, tuple(map(PurePosixPath, files)), {}), Version("1.3.0"))
    assert stale_numbers(Project.from_directory(tmp_path), map(PurePosixPath, files), places, Version("1.3.0")) == (
        'docs/conf.py:2: version = "1.2"',
        "CITATION.cff:2: version: 1.2.3",
        'codemeta.json:2: "version": "1.2.3"',
        '.zenodo.json:1: "version": "1.2.3"',
        'recipe/meta.yaml:1: {% set version = "1.2.3"',
        'pixi.toml:3: version = "1.2.3"',
        "CMakeLists.txt:3: project( tide VERSION 1.2.3",
        "meson.build:1: project('tide', 'c', version: '1.2.3'",
        "snap/snapcraft.yaml:1: version: '1.2.3'",
        'pyproject.toml:6: version = "1.2.3"',
        'tbump.toml:2: current = "1.2.3"',
        '.release-please-manifest.json:2: ".": "1.2.3"',
    )


def test_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "tide_pool.py").write_bytes(b'# T\xfcmpel\n__version__ = "1.2.3"\n')
    (tmp_path / "pyproject.toml").write_text(STATIC)
    with pytest.raises(FileNotUtf8, match=r"^tide_pool\.py names the version, and is not UTF-8"):
        find_version_files(Project.from_directory(tmp_path), [PurePosixPath("tide_pool.py")])


@pytest.mark.parametrize("files", [5, "README.md", ["README.md"], {"filename": "README.md"}], ids=str)
def test_files_of_bump_my_version_that_are_no_tables_are_reported(tmp_path: Path, files: object) -> None:
    project = Project(tmp_path, {"tool": {"bumpversion": {"files": files}}})
    with pytest.raises(PyprojectInvalid) as raised:
        configured_files(project)
    place = f"[tool.bumpversion] in {tmp_path / 'pyproject.toml'}"
    assert raised.value.what == f"{place}: files has to be an array of tables, not {files!r}"
