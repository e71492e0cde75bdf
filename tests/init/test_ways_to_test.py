"""The ways in which projects run their tests, and the command, requirements and variables that come of each."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject, lines
from seatrial.init.command_requirements import Needs
from seatrial.init.detect_tests import detect_tests
from seatrial.init.runners import read_runners
from seatrial.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.init.detect_tests import DetectedTests


METADATA = """
[project]
name = "pkg"
[project.optional-dependencies]
fast = ["cython"]
http = ["requests"]
[dependency-groups]
unit = ["pytest"]
"""
JOB = ".github/workflows/ci.yml"


def job(*steps: str, **keys: str) -> str:
    """Return a workflow with one job; ``keys``: more of the job, as YAML."""
    texts = [f"      {step}" for step in steps]
    others = [f"    {key}: {value}" for key, value in keys.items()]
    return "\n".join(["on: push", "jobs:", "  test:", "    runs-on: x", *others, "    steps:", *texts, ""])


def detected(root: Path, files: Mapping[str, str | None], test: str = "tests/test_it.py") -> DetectedTests:
    """Return how a project is tested; ``files``: its files, None for one of those that there are else."""
    empty = {"src/pkg/__init__.py": "", test: "def test_it(): ...\n", "pyproject.toml": METADATA}
    written = {name: lines(text) for name, text in {**empty, **files}.items() if text is not None}
    SampleProject(root).write(written)
    paths = [PurePosixPath(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    read = Project.from_directory(root)
    return detect_tests(read, paths, read_runners(read, root))


@pytest.mark.parametrize(
    ("files", "command", "needs"),
    [
        pytest.param(
            # No file says that CI installs these: a variable of a script does.
            {
                "pyproject.toml": METADATA.partition("[dependency-groups]")[0],
                "requirements.txt": "-e .[fast]\npytest\n",
                JOB: job("- run: pytest tests"),
            },
            "pytest tests",
            Needs(files=("requirements.txt",), extras=("fast",)),
            id="extra in the requirements file of the tests",
        ),
        pytest.param(
            {
                "tox.ini": """
                [tox]
                envlist = py{39,310}-{django42,django50}, lint
                [testenv]
                deps =
                    pytest
                    django42: Django>=4.2,<5
                    django50: Django>=5.0,<5.1
                commands = pytest {posargs}
                """
            },
            "pytest",
            Needs(("pytest", "Django<5.1,>=5.0")),
            id="the newest variant of tox",
        ),
        pytest.param(
            {
                "tox.ini": """
                [tox]
                envlist = py{39,310}-{django50,djangomain}
                [testenv]
                deps =
                    django50: Django~=5.0
                    djangomain: https://example.invalid/django/main.tar.gz
                commands =
                    django50: pytest tests
                    djangomain: pytest
                """
            },
            "pytest tests",
            Needs(("Django~=5.0",), (), (), ("unit",)),
            id="a variant with a branch comes last",
        ),
        pytest.param(
            {
                "tox.ini": """
                [tox]
                envlist = py{39,310}, py310-{fast,slow}
                [testenv]
                deps =
                    pytest
                    fast: cython
                commands = pytest
                """
            },
            "pytest",
            Needs(("pytest",)),
            id="the environment that others add factors to",
        ),
        pytest.param(
            {
                "tox.ini": "[testenv]\ndeps =\n  -c pins.txt\n  -r{toxinidir}/dev.txt\n  .[fast]\ncommands = pytest\n",
                "dev.txt": "-r more.txt\n-c pins.txt\n",
                "more.txt": "pytest\n",
                "pins.txt": "pytest<9\n",
            },
            "pytest",
            Needs((), ("dev.txt",), ("fast",)),
            id="files with -r and -c, and the project with an extra",
        ),
        pytest.param(
            {"tox.ini": "[testenv]\ndeps = pytest\nchangedir = tests\ncommands = pytest -x test_it.py\n"},
            "pytest -x tests/test_it.py",
            Needs(("pytest",)),
            id="change_dir",
        ),
        pytest.param(
            {"tox.ini": "[testenv]\ndeps = pytest\nchangedir = {envtmpdir}\ncommands = pytest --pyargs pkg\n"},
            "pytest --pyargs pkg",
            Needs(("pytest",)),
            id="the installed package, from a temporary folder",
        ),
        pytest.param(
            {
                "tox.toml": """
                env_list = [{ product = [{ prefix = "py3", start = 10, stop = 12 }, ["a", "b"]], exclude = ["x"] }]
                [env_run_base]
                deps = ["pytest", { replace = "if", condition = "factor.b and not env.X", then = ["attrs"] }]
                commands = [["pytest", { replace = "posargs", default = ["tests"], extend = true }]]
                """
            },
            "pytest tests",
            Needs(("pytest", "attrs")),
            id="a product, and a condition, of tox in TOML",
        ),
        pytest.param(
            {
                "tox.toml": """
                env_list = ["3.11"]
                [env_base.tests]
                deps = ["pytest"]
                commands = [["pytest", "-x"]]
                [env."3.11"]
                base = ["env_base.tests"]
                deps = [{ replace = "ref", of = ["env_base", "tests", "deps"], extend = true }, "attrs"]
                """
            },
            "pytest -x",
            Needs(("pytest", "attrs")),
            id="a base and a reference of tox in TOML",
        ),
        pytest.param(
            {
                "tox.toml": """
                [env_base.django]
                factors = [["py311", "py312"], { django = ["42", "50"] }]
                deps = ["pytest", { replace = "env", name = "X", default = "attrs" }]
                commands = [["pytest"]]
                """
            },
            "pytest",
            Needs(("pytest", "attrs")),
            id="a template of tox in TOML",
        ),
        pytest.param(
            {JOB: job("- run: uv run --all-extras pytest tests")},
            "pytest tests",
            Needs((), (), ("fast", "http"), ("unit",)),
            id="uv run --all-extras",
        ),
        pytest.param(
            {JOB: job("- run: poetry install --all-extras", "- run: poetry run pytest")},
            "pytest",
            Needs((), (), ("fast", "http"), ("unit",)),
            id="poetry install --all-extras",
        ),
        pytest.param(
            {
                JOB: job("- run: hatch test --cover --python 3.12 -i py=3.12 -- -x tests"),
                "pyproject.toml": f'{METADATA}[tool.hatch.envs.hatch-test]\nextra-dependencies = ["hypothesis"]\n',
            },
            "pytest -x tests",
            Needs((), (), (), ("hatch-test", "unit")),
            id="hatch test",
        ),
        pytest.param(
            {
                JOB: job("- run: hatch run +py=3.12 all:cov"),
                "pyproject.toml": METADATA
                + """
                [tool.hatch.envs.default]
                dependencies = ["pytest"]
                scripts.test = "pytest {args:tests}"
                scripts.cov = ["test", "coverage report"]
                [[tool.hatch.envs.all.matrix]]
                python = ["3.11", "3.12"]
                """.replace("                ", ""),
            },
            "pytest tests",
            Needs((), (), (), ("default",)),
            id="a script of hatch in a matrix",
        ),
        pytest.param(
            {
                JOB: job("- run: hatch run cov:test"),
                "pyproject.toml": METADATA
                + lines(
                    """
                    [tool.hatch.envs.plain]
                    features = ["http"]
                    scripts.test = "pytest"
                    [tool.hatch.envs.cov]
                    features = ["fast"]
                    scripts.test = "pytest -x"
                    [tool.hatch.envs.last]
                    scripts.test = "pytest --lf"
                    """
                ),
            },
            "pytest -x",
            Needs((), (), ("fast",), ("unit",)),
            id="a script that several environments of hatch have",
        ),
        pytest.param(
            {
                JOB: job("- run: pip install -r dev.txt", "- run: coverage run --debug config -m pytest"),
                "dev.txt": "-e .[fast]\npytest\n",
            },
            "coverage run -m pytest",
            Needs(("coverage[toml]",), ("dev.txt",), ("fast",)),
            id="a file that installs the project with an extra",
        ),
        pytest.param(
            {
                JOB: job("- run: make check"),
                "Makefile": "TOX ?= tox\ncheck: unit\nunit:\n\t$(TOX) -e py312\nquick:\n\tpytest -x\n",
                "tox.ini": "[tox]\nenvlist = py312, quick\n[testenv]\ndeps = pytest\ncommands = pytest tests\n",
            },
            "pytest tests",
            Needs(("pytest",)),
            id="make that calls tox",
        ),
        pytest.param(
            {"Makefile": "PYTEST = python -m pytest\nARGS ?= -x\ntest:\n\tcd tests && $(PYTEST) ${ARGS}\n"},
            "pytest -x tests",
            Needs((), (), (), ("unit",)),
            id="variables of make",
        ),
        pytest.param(
            {"justfile": 'py := "python"\n\n[group("x")]\n@test *args="-x": sync\n    {{py}} -m pytest {{ args }}\n'},
            "pytest -x",
            Needs((), (), (), ("unit",)),
            id="variables of just",
        ),
        pytest.param(
            {"pyproject.toml": f'{METADATA}[tool.pixi.tasks]\ntest = {{ cmd = "pytest -x" }}\n'},
            "pytest -x",
            Needs((), (), (), ("unit",)),
            id="a task of pixi",
        ),
        pytest.param(
            {"tox.ini": "[testenv]\ncommands = python -m unittest discover -v -s tests -p '*_it.py'\n"},
            "python -m unittest discover -s tests -p *_it.py",
            Needs(),
            id="unittest",
        ),
        pytest.param(
            {JOB: job("- run: python -m unittest -v", "  working-directory: tests")},
            "python -m unittest discover -s tests",
            Needs(),
            id="unittest in a folder",
        ),
        pytest.param(
            {"tox.ini": "[testenv]\ncommands = python setup.py test\n"},
            "pytest",
            Needs((), (), (), ("unit",)),
            id="setup.py test, which setuptools has no more",
        ),
        pytest.param(
            {"Makefile": "test:\n\tpython -m doctest -v README.md\n"},
            "python -m doctest README.md",
            Needs(),
            id="the examples of a README",
        ),
        pytest.param(
            {JOB: job("- run: cd tests && pytest -s -x")},
            "pytest -x tests",
            Needs((), (), (), ("unit",)),
            id="cd tests && pytest",
        ),
        pytest.param(
            {JOB: job("- run: pip install -e '.[fast]' && cd /tmp", "- run: pytest")},
            "pytest",
            Needs((), (), ("fast",), ("unit",)),
            id="an editable installation with an extra",
        ),
        pytest.param(
            {
                JOB: job("- run: conda install numpy pytorch", "- run: conda run -n x pytest tests"),
                "environment.yml": "dependencies: [pytorch, pytest]\n",
            },
            "pytest tests",
            Needs((), (), (), ("unit",)),
            id="names of conda are not those of the index",
        ),
        pytest.param(
            {JOB: job("- run: pytest", services="{redis: {image: redis}}", env="{REDIS: 'redis://localhost'}")},
            "pytest",
            Needs((), (), (), ("unit",)),
            id="a service of CI",
        ),
        pytest.param(
            {
                "tox.ini": """
                [testenv]
                deps =
                    flake8==6.1.0
                    hypothesis
                commands =
                    python -m unittest discover tests
                    flake8 pkg
                """
            },
            "python -m unittest discover tests",
            Needs(("hypothesis",)),
            id="a linter next to the tests, which may pin what they test",
        ),
        pytest.param(
            {
                ".coveragerc": "[run]\n",
                "tox.ini": """
                [testenv]
                deps = attrs
                commands = pytest {posargs}
                [testenv:diffcov]
                deps = diff-cover
                commands =
                    pytest --cov --cov-report xml
                    diff-cover coverage.xml
                """,
            },
            "coverage run -m pytest",
            Needs(("attrs", "coverage[toml]"), groups=("unit",)),
            id="tests of what changed since another branch",
        ),
        pytest.param(
            {
                "tox.ini": """
                [testenv]
                deps = coverage
                commands =
                    coverage run -m zope.testrunner --test-path=src {posargs:-vc}
                    coverage run -a -m sphinx -b doctest -d {envdir}/doctrees docs {envdir}/doctest
                """
            },
            "coverage run -m zope.testrunner --test-path=src -vc",
            Needs(("coverage",)),
            id="documentation that is measured is none of the tests",
        ),
        pytest.param(
            {
                "tox.ini": "[testenv]\nchangedir = .tox\n"
                "commands = pytest --doctest-modules {env_site_packages_dir}/pkg {tox_root}/tests {posargs}\n",
                ".tox/py/pyvenv.cfg": "",
            },
            "pytest --doctest-modules --pyargs pkg tests",
            Needs((), (), (), ("unit",)),
            id="a folder to be away from the source tree",
        ),
        pytest.param(
            {"tox.ini": "[testenv]\nchangedir = {envtmpdir}\ncommands = pytest --pyargs pkg\n"},
            "pytest --pyargs pkg",
            Needs((), (), (), ("unit",)),
            id="a folder of tox",
        ),
        pytest.param(
            {"Makefile": "test:\n\tcoverage run -p --source pkg -m unittest discover -s tests -p '*_it.py' -v\n"},
            "coverage run --source pkg -m unittest discover -s tests -p *_it.py",
            Needs(("coverage[toml]",)),
            id="-p of unittest is its pattern, and that of coverage a report",
        ),
        pytest.param(
            {
                JOB: job(
                    "- {run: coverage run -m pytest tests, if: \"matrix.python != 'pypy'\"}",
                    "- {run: coverage run -m pytest tests, env: {PURE_PYTHON: '1'}}",
                )
            },
            "coverage run -m pytest tests",
            Needs(("coverage[toml]",), groups=("unit",)),
            id="the same command with and without a variable",
        ),
        pytest.param(
            {
                JOB: "env: {MODULE: pkg, WITH_OTHERS: 'false', MANY: 4, FOLDER: tests}\n"
                + job(
                    "- {run: pytest other, if: \"env.WITH_OTHERS == 'true'\"}",
                    "- {run: pytest last, if: failure()}",
                    "- run: python -m pytest --pyargs $MODULE -n ${{ env.MANY }} -Werror ${FOLDER}/more ${OPEN}",
                    env="{OPEN: '${{ matrix.open }}'}",
                ),
                "tests/more/test_more.py": "",
            },
            "pytest --pyargs pkg -n 4 -Werror tests/more",
            Needs((), (), (), ("unit",)),
            id="variables of the workflow and conditions about them",
        ),
        pytest.param(
            {
                "pyproject.toml": METADATA.partition("[dependency-groups]")[0]
                + '[tool.poetry.group.dev.dependencies]\npytest = "*"\n[tool.poetry.group.ci]\noptional = true\n'
                '[tool.poetry.group.ci.dependencies]\npytest-github-actions-annotate-failures = "*"\n',
                JOB: job("- run: poetry install --with ci", "- run: poetry run pytest"),
            },
            "pytest",
            Needs((), (), (), ("dev", "ci")),
            id="a group of Poetry in addition to those that are not optional",
        ),
        pytest.param(
            {
                JOB: job("- run: pip install pytest build tox setuptools wheel ruff", "- run: pytest"),
                "tests/test_it.py": "import pkg_resources\nfrom build import ProjectBuilder\n",
                "tests/conftest.py": 'wheel = pytest.importorskip("wheel")\n"tox"\n',
                "setup.py": "import ruff\n",
            },
            "pytest",
            Needs(("pytest", "build", "setuptools", "wheel")),
            id="tools of CI that the tests import",
        ),
        pytest.param(
            {
                "tox.ini": "[testenv]\ndeps = build\n  pytest\n  ruff\ncommands = python -m build\n  ruff\n  pytest\n",
                "tests/test_it.py": 'run([sys.executable, "-m", "build"])\n',
            },
            "pytest",
            Needs(("build", "pytest")),
            id="a tool of tox that the tests run",
        ),
        pytest.param(
            {
                JOB: job("- run: pytest --rootdir=. --ignore=unit/slow", "  working-directory: tests"),
                "tests/unit/slow/x": "",
            },
            "pytest --rootdir=tests --ignore=tests/unit/slow tests",
            Needs((), (), (), ("unit",)),
            id="paths of options in another folder",
        ),
        # Values of options are no paths that are named, though there are such folders.
        *(
            pytest.param(
                {
                    JOB: job(f"- run: {command}", "  working-directory: tests"),
                    "docs/x": "",
                    "tests/docs/x": "",
                    "src/pkg/x": "",
                },
                expected,
                Needs((), (), (), ("unit",)) if "pytest" in command else Needs((), (), (), ()),
                id=f"in another folder: {command}",
            )
            for command, expected in (
                ("pytest -k 'not docs' -p docs", "pytest -k not docs -p docs tests"),
                ("pytest -n docs ''", "pytest -n docs tests"),
                ("pytest -m 'not docs' --rootdir docs", "pytest -m not docs --rootdir tests/docs tests"),
                ("pytest --import-mode docs docs/x", "pytest --import-mode docs tests/docs/x"),
                ("pytest -s ../tests/test_it.py", "pytest tests/test_it.py"),
                ("python -m unittest discover -p 'it_*.py' -v", "python -m unittest discover -s tests -p it_*.py"),
                ("python -m unittest docs.x", "python -m unittest docs.x"),
            )
        ),
        pytest.param(
            {JOB: job("- run: coverage run -m unittest discover -p 'it_*.py'", "  working-directory: tests")},
            "coverage run -m unittest discover -s tests -p it_*.py",
            Needs(("coverage[toml]",)),
            id="unittest that is measured in another folder",
        ),
        pytest.param(
            {
                JOB: "on: [push, schedule]\n"
                + job(
                    "- {run: pytest nightly, if: github.event_name == 'schedule'}",
                    "- {run: pytest tests -x, if: github.event_name != 'schedule'}",
                ).partition("\n")[2]
            },
            "pytest tests -x",
            Needs((), (), (), ("unit",)),
            id="what CI runs for no change",
        ),
        # What is installed by a target or a script that CI runs before the tests.
        *(
            pytest.param(
                {
                    JOB: job(f"- run: {install}", "- run: python -m unittest"),
                    "Makefile": "all: install\ninstall:\n\tpip install $$(echo dist/*.whl)[fast]\n",
                    "justfile": "install:\n    uv pip install -e '.[fast]'\n",
                    "scripts/install": "#!/bin/sh\npip install './[fast]'\n",
                },
                "python -m unittest",
                Needs((), (), ("fast",), ()),
                id=f"installed before the tests: {install}",
            )
            for install in ("make install", "just install", "scripts/install", "pip install dist/*.whl[fast]")
        ),
        *(
            pytest.param(
                {
                    "tox.ini": "[testenv]\ndeps = twisted\nsetenv = VIRTUALENV_NO_DOWNLOAD=1\n  PIP_X=1\n"
                    f"commands = {run}\n",
                    "src/pkg/test/runtests.py": "",
                },
                expected,
                Needs(("twisted", *(["coverage[toml]"] if "coverage" in run else []))),
                id=f"a program of tox: {run}",
            )
            for run, expected in (
                ("python -Wall {envbindir}/trial -j2 pkg", "trial -j2 pkg"),
                ("{envdir}/bin/coverage run -p {envdir}/bin/trial pkg", "coverage run -m twisted.trial pkg"),
                ("python {env_bin_dir}/coverage run {env_bin_dir}/ward", "coverage run -m ward"),
                ("python -bb -m pkg.test.runtests -x {posargs:--all}", "python -m pkg.test.runtests -x --all"),
                ("python -m tests", "python -m tests"),
            )
        ),
        pytest.param(
            {"tox.ini": "[testenv]\ndeps = twisted\ncommands = python -m pkg.tests.gen\n  pytest -x\n"},
            "pytest -x",
            Needs(("twisted",), groups=("unit",)),
            id="a module next to the tests",
        ),
        # No file says what is installed.
        *(
            pytest.param(
                {JOB: job(f"- run: {command}"), **files},
                command,
                needs,
                id=f"named after the tests: {', '.join(files)}, {command}",
            )
            for command, files, needs in (
                (
                    "python tests.py",
                    {"pyproject.toml": "[project]\nname='pkg'\noptional-dependencies={Testing=['x']}\n"},
                    Needs(extras=("Testing",)),
                ),
                (
                    "python -m unittest",
                    {"requirements/test.txt": "hypothesis\n"},
                    Needs(files=("requirements/test.txt",)),
                ),
                (
                    "coverage run tests.py",
                    {"test-requirements.txt": "coverage\nhypothesis\n"},
                    Needs(files=("test-requirements.txt",)),
                ),
            )
        ),
        pytest.param(
            {
                "noxfile.py": "import nox\n@nox.session\ndef tests(session):\n    session.install('-e.[fast]')\n"
                "    session.install('--editable=.[http]')\n    session.run('pytest')\n"
            },
            "pytest",
            Needs((), (), ("fast", "http"), ("unit",)),
            id="an editable installation in one word",
        ),
    ],
)
def test_way_to_test_is_read(tmp_path: Path, files: dict[str, str | None], command: str, needs: Needs) -> None:
    tests = detected(tmp_path, files)
    assert (" ".join(tests.command or ()), tests.needs, tests.variables, tests.more) == (command, needs, (), ())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("discover -p *_test.py", "discover -p *_test.py -s pkg.tests"),
        ("discover -s src/pkg/tests -t src -v", "discover -s pkg.tests"),
        ("discover src/pkg", "discover -s pkg.tests"),
        ("discover -s src/pkg/tests -p *_test.py", "discover -p *_test.py -s pkg.tests"),
        ("discover src/pkg/tests *_test.py src -f", "discover -p *_test.py -f -s pkg.tests"),
        ("discover --start-directory=src/pkg/tests --top-level-directory=src", "discover -s pkg.tests"),
        ("discover --start-directory src/pkg --pattern=*_test.py", "discover -p *_test.py -s pkg.tests"),
        ("discover -ssrc/pkg/tests -p*_test.py -tsrc", "discover -p *_test.py -s pkg.tests"),
        ("discover -k it --pattern *_test.py src/pkg/tests -f", "discover -p *_test.py -k it -f -s pkg.tests"),
        ("-v", "discover -s pkg.tests"),
        ("pkg.tests.it_test", "pkg.tests.it_test"),
        ("discover -s tools", "discover -s tools"),
    ],
)
def test_unittest_finds_the_tests_inside_a_package_in_the_wheel(tmp_path: Path, words: str, expected: str) -> None:
    """From the top, it would import the modules of the source tree, and report that another pkg is installed."""
    files = {"src/pkg/tests/__init__.py": "", "tox.ini": f"[testenv]\ncommands = python -m unittest {words}\n"}
    tests = detected(tmp_path, files, "src/pkg/tests/it_test.py")
    assert " ".join(tests.command or ()) == f"python -m unittest {expected}"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python -m unittest discover -s src/acme", "python -m unittest discover -s src/acme"),
        ("python -m unittest discover -s src/acme/tide", "python -m unittest discover -s src/acme/tide"),
        ("pytest src/acme", "pytest --pyargs acme.tide"),
        ("pytest src/acme/tide/low", "pytest --pyargs acme.tide.low"),
    ],
)
def test_tests_of_a_namespace_are_found_by_pytest_in_the_wheel(tmp_path: Path, command: str, expected: str) -> None:
    """Unittest can't find them by name: the namespace has no file."""
    modules = ("tide/__init__", "tide/tests/__init__", "tide/tests/test_tide", "tide/low/__init__")
    files = {
        **{f"src/acme/{module}.py": "" for module in modules},
        "src/pkg/__init__.py": None,
        "pyproject.toml": '[project]\nname = "acme.tide"\n',
        JOB: job(f"- run: {command}"),
    }
    tests = detected(tmp_path, files, "src/acme/tide/tests/test_tide.py")
    assert " ".join(tests.command or ()) == expected


def test_folders_that_factors_of_tox_test_are_sessions_each(tmp_path: Path) -> None:
    tox = """
    [tox]
    envlist = py{39,310}, py{39,310}-{web,jobs}
    [testenv]
    deps =
        pytest
        web: flask
    setenv =
        FOLDER = tests/core
        web: FOLDER = tests/web
        jobs: FOLDER = tests/jobs
    commands = pytest {env:FOLDER}
    """
    files = {"tox.ini": tox, **{f"tests/{name}/test_it.py": "" for name in ("core", "web", "jobs")}}
    tests = detected(tmp_path, files)
    assert (tests.command, tests.needs) == (("pytest", "tests/core"), Needs(("pytest",)))
    assert {(more.command, more.needs.requirements, more.variables) for more in tests.more} == {
        (("pytest", "tests/web"), ("pytest", "flask"), (("FOLDER", "tests/web"),)),
        (("pytest", "tests/jobs"), ("pytest",), (("FOLDER", "tests/jobs"),)),
    }
