"""Commands are recognised by their words, not by mentions of an upload or a session."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.workflows import runs_tests
from seatrial.ci.before_upload import LONGEST_COMMAND, BeforeUpload, Script
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.job_commands import CommandUpload, UploadReader, builds, may_upload, programs_in, sessions_of
from seatrial.ci.job_uploads import index_of
from seatrial.ci.publisher import Publishing


@pytest.mark.parametrize(
    ("commands", "sessions"),
    [
        ("nox -s build check", ["build", "check"]),
        ("python -m nox --session build -- -k x", ["build"]),
        (".venv/bin/nox -s build && nox -s check", ["build", "check"]),
        ('nox -s "tests-$PYTHON" build', ["build"]),
        ("nox -s build \\\n  check", ["build", "check"]),
        ("nox -t release", []),
        ("nox", []),
        ("echo -s build", []),
        ("echo nox -s build", []),
        ("nox -s build # check", ["build"]),
        ("nox -s 'build", []),
        ("nox -s tests-${{ matrix.python }} build", ["build"]),
        ("nox -s build > log 2>&1; ls", ["build"]),
        ("nox --session=build", ["build"]),
        ("nox -f docs/noxfile.py -s build", []),
        ("pip install -s x\nnox -e lint", ["lint"]),
        ("uv run --group dev nox -s build", ["build"]),
        ("uvx --with x nox@2025 -s build", ["build"]),
        ("pipx run --spec x nox -s build", ["build"]),
        ("cd docs && nox -s site", []),
        ("nox -s build; cd docs; nox -s site", ["build"]),
        ("cd .\nnox -s build", ["build"]),
        ("nox -rs tests", ["tests"]),
        ("nox -xRs tests build", ["tests", "build"]),
        ("nox -stests", ["tests"]),
        ("nox -s tests -p 3.12 -- -s nothing", ["tests"]),
        ("nox -l -s tests", []),
        ("nox --list --json -s tests", []),
        ("nox -s tests -ts --report x.json", ["tests"]),
        ("nox -f noxfile.py -s tests", ["tests"]),
        ("nox --noxfile=docs/noxfile.py -s site", []),
        ("nox -s tests --unknown-option", []),
        ("nox tests", []),
        ("uv --directory docs run nox -s site", []),
        ("uv run --directory=docs nox -s site", []),
        ("poetry -C docs run nox -s site", []),
        ("env --chdir docs nox -s site", []),
        ("(cd docs && nox -s site); nox -s build", ["build"]),
        ("bash -c 'cd docs; nox -s site'; nox -s build", ["build"]),
        ("here=$(cd docs && pwd)\nnox -s build", ["build"]),
        ("pushd docs; nox -s site; popd; nox -s build", ["build"]),
        ("cd docs; cd ..; nox -s build", ["build"]),
        ("cd docs/a; cd ../..; nox -s build", ["build"]),
        ('cd "$X"; nox -s site; cd "${GITHUB_WORKSPACE}"; nox -s build', ["build"]),
        ("if x; then cd docs; fi; nox -s site", []),
        ("cd; nox -s site", []),
        ("cd /srv/docs && nox -s site", []),
    ],
)
def test_sessions_are_those_that_a_command_names(commands: str, sessions: list[str]) -> None:
    assert list(sessions_of(commands)) == sessions


UPLOADS = {
    "twine upload dist/*": ("PyPI", False),
    "python -m twine upload dist/*": ("PyPI", False),
    "python3.12 -W error -m twine --no-color upload dist/*": ("PyPI", False),
    ".venv/bin/python -m twine upload dist/*": ("PyPI", False),
    '"$PYTHON" -m twine upload dist/*': ("PyPI", False),
    "python -Im twine upload dist/*": ("PyPI", False),
    "python -mtwine upload dist/*": ("PyPI", False),
    "python -bbWerror -X dev -m twine upload dist/*": ("PyPI", False),
    "${{ env.python }} -Im twine upload dist/*": ("PyPI", False),
    "/opt/bin/twine.exe upload dist/*": ("PyPI", False),
    "sudo -u x env A=b timeout 60 twine upload dist/*": ("PyPI", False),
    "ls dist/* | xargs -n 1 twine upload": ("PyPI", False),
    "bash -euc 'twine check dist/* && twine upload dist/*'": ("PyPI", False),
    "uvx twine upload dist/*": ("PyPI", False),
    "uv tool run --from twine==6 twine upload dist/*": ("PyPI", False),
    "uv run --with twine -m twine upload dist/*": ("PyPI", False),
    "pipx run twine==6.1 upload dist/*": ("PyPI", False),
    "poetry run twine upload dist/*": ("PyPI", False),
    "hatch run publish:twine upload dist/*": ("PyPI", False),
    "uv publish": ("PyPI", False),
    "uv --directory a publish --trusted-publishing always": ("PyPI", False),
    "flit -f other.toml publish": ("PyPI", False),
    "poetry publish --build": ("PyPI", False),
    "pdm publish": ("PyPI", False),
    "hatch publish": ("PyPI", False),
    "maturin publish": ("PyPI", False),
    "maturin upload wheels/*": ("PyPI", False),
    "rye publish --yes": ("PyPI", False),
    "python setup.py sdist upload": ("PyPI", False),
    "invoke publish": ("PyPI", False),
    "inv -e publish": ("PyPI", False),
    "seatrial --project a publish --yes": ("PyPI", False),
    "python -m seatrial publish": ("PyPI", False),
    "if x; then twine upload a; fi": ("PyPI", False),
    "publish() { twine upload a; }; publish": ("PyPI", False),
    "twine upload -r testpypi a": ("TestPyPI", False),
    "twine upload -rtestpypi a": ("TestPyPI", False),
    "twine upload --repository=testpypi a": ("TestPyPI", False),
    "TWINE_REPOSITORY=testpypi twine upload a": ("TestPyPI", False),
    "export TWINE_REPOSITORY=testpypi\ntwine upload a": ("TestPyPI", False),
    "echo TWINE_REPOSITORY=testpypi >> $GITHUB_ENV\ntwine upload a": ("TestPyPI", False),
    "TWINE_REPOSITORY=testpypi twine upload -r pypi a": ("PyPI", False),
    "twine upload --repository private a": ("an unknown index", False),
    "twine upload --repository-url https://index.example/ a": ("another index", False),
    'twine upload --repository-url "$URL" a': ("an unknown index", False),
    "uv publish --index testpypi": ("TestPyPI", False),
    "UV_PUBLISH_URL=https://index.example/ uv publish": ("another index", False),
    "hatch publish -r test": ("TestPyPI", False),
    "hatch publish --repo main": ("PyPI", False),
    "pdm publish -r https://index.example/": ("another index", False),
    "poetry config repositories.own https://index.example/\npoetry publish -r own": ("another index", False),
    "seatrial publish --index testpypi": ("TestPyPI", False),
    "twine upload -u __token__ -p $TOKEN a": ("PyPI", True),
    "twine upload --password=$TOKEN a": ("PyPI", True),
    "TWINE_PASSWORD=$TOKEN twine upload a": ("PyPI", True),
    "TWINE_NON_INTERACTIVE=1 TWINE_USERNAME=a twine upload a": ("PyPI", False),
    "uv publish --token $TOKEN": ("PyPI", True),
    "UV_PUBLISH_TOKEN=$TOKEN uv publish": ("PyPI", True),
    "hatch publish -u a -a $TOKEN": ("PyPI", True),
    "poetry config pypi-token.pypi $TOKEN\npoetry publish": ("PyPI", True),
    "poetry config http-basic.pypi a $TOKEN && poetry publish": ("PyPI", True),
    "MATURIN_PYPI_TOKEN=$TOKEN maturin publish": ("PyPI", True),
    "pdm publish -P $TOKEN": ("PyPI", True),
    "cat > ~/.pypirc <<X\n[pypi]\npassword = $TOKEN\nX\ntwine upload a": ("PyPI", True),
    'echo "TWINE_PASSWORD=$TOKEN" >> "$GITHUB_ENV"\ntwine upload a': ("PyPI", True),
    "keyring set pypi a <<< $TOKEN\ntwine upload a": ("PyPI", True),
    "echo $TOKEN | tee ~/.pypirc\ntwine upload a": ("PyPI", True),
    "pdm config repository.pypi.password $TOKEN && pdm publish": ("PyPI", True),
    "hatch config set publish.index.auth $TOKEN\nhatch publish": ("PyPI", True),
    "poetry config repositories.x https://index.example/\npoetry publish": ("PyPI", False),
    "find dist -name '*.whl' -exec twine upload {} +": ("PyPI", False),
    "find . -type f -execdir uv publish {} \\;": ("PyPI", False),
    "eval 'twine upload a'": ("PyPI", False),
    "trap 'twine upload a' EXIT": ("PyPI", False),
    "URL=https://index.example/\ntwine upload --repository-url $URL a": ("another index", False),
    'REPO=testpypi; twine upload -r "${REPO}" a': ("TestPyPI", False),
    "twine upload -r ${REPO:-pypi} a": ("an unknown index", False),
    '{ echo "TWINE_REPOSITORY=testpypi"; } >> $GITHUB_ENV\ntwine upload a': ("TestPyPI", False),
    "cat >> $GITHUB_ENV <<X\nTWINE_REPOSITORY=testpypi\nX\ntwine upload a": ("TestPyPI", False),
    "printf 'TWINE_REPOSITORY=%s' $REPO >> $GITHUB_ENV\ntwine upload a": ("an unknown index", False),
    'printf "TWINE_PASSWORD=%s\\n" "$X" >> "$GITHUB_ENV"\ntwine upload a': ("PyPI", True),
    "declare -x TWINE_PASSWORD=$X; twine upload a": ("PyPI", True),
    "read -r TWINE_PASSWORD < x; export TWINE_PASSWORD; twine upload a": ("PyPI", True),
    "env TWINE_PASSWORD=$X twine upload a": ("PyPI", True),
    "set TWINE_PASSWORD=%X%\ntwine upload a": ("PyPI", True),
    "$env:TWINE_PASSWORD = $env:X\ntwine upload a": ("PyPI", True),
    "cp .github/pypirc ~/.pypirc\ntwine upload a": ("PyPI", True),
    "install -m 600 x $HOME/.pypirc\ntwine upload a": ("PyPI", True),
    "ln -s $PWD/x ~/.pypirc\ntwine upload a": ("PyPI", True),
    "python - <<X\nopen('.pypirc', 'w')\nX\ntwine upload a": ("PyPI", True),
    "TWINE_PASSWORD= twine upload a": ("PyPI", False),
    "set -euo pipefail\ntwine upload a": ("PyPI", False),
}
"""Commands that upload: to which index, and whether with a stored password."""

NO_UPLOADS = (
    *(
        "# twine upload dist/*",
        "echo 'twine upload'",
        "echo twine upload",
        "printf '%s' 'uv publish'",
        "true # uv publish",
    ),
    *(
        "twine check dist/*",
        "twine --version",
        "pip install twine upload",
        "which twine upload",
        "git commit -m 'twine upload'",
    ),
    *(
        "uv run python docs/x.py upload",
        "python docs/upload.py publish",
        "uv build",
        "uv pip install publish",
        "./twine upload",
    ),
    *(
        "uv publish --dry-run",
        "poetry publish --dry-run",
        "twine upload --help",
        "hatch build publish",
        "hatch env publish",
    ),
    *(
        "cat <<X\ntwine upload dist/*\nX",
        "grep gh-action-pypi-publish x",
        "gh release upload v1 dist/*",
        "nox -s publish",
    ),
    *(
        "f() { twine upload a; }",
        "python -c 'twine upload'",
        "npm publish",
        "docker push x",
        "cargo publish",
        "uvx publish",
    ),
)


@pytest.mark.parametrize("script", UPLOADS)
def test_upload_is_recognised_by_its_command(script: str) -> None:
    reader = UploadReader()
    (upload,) = reader.uploads(script, {})
    index = index_of(upload.index, upload.address)
    assert (index.value, upload.has_password or reader.stores_password) == UPLOADS[script]


@pytest.mark.parametrize(
    ("address", "index"),
    [
        ("https://index.invalid/${{ vars.NAME }}/upload", "another index"),
        ("https://index.invalid/$CI_PROJECT/upload", "another index"),
        ("https://${{ vars.HOST }}/upload", "an unknown index"),
        ("https://$HOST/upload", "an unknown index"),
        ("$ADDRESS", "an unknown index"),
        ("${{ vars.ADDRESS }}/upload", "an unknown index"),
        ("https:/$ADDRESS", "an unknown index"),
    ],
)
def test_index_is_known_by_its_host(address: str, index: str) -> None:
    assert index_of(None, address).value == index


def test_value_of_a_variable_of_the_step_is_that_of_an_option() -> None:
    variables = {"REPO": "testpypi", "OTHER": "${{ vars.OTHER }}"}
    uploads = UploadReader().uploads('twine upload -r "$REPO" a; twine upload -r $OTHER a', variables)
    assert [upload.index for upload in uploads] == ["testpypi", "${{ vars.OTHER }}"]


MAY_UPLOAD = (
    *("./release.sh", "bash release.sh", "make publish", "just release", "tox -e publish", "nox -s publish"),
    *("python -m scripts.publish", "uv run publish", "uv run scripts/release.py", "hatch run release:all", "$TOOL x"),
    "$TOOL -form",
    *("$(which twine) upload a", "retry 3 twine upload a", "parallel twine upload ::: a", "docker run x publish"),
    *(
        "curl -F content=@a https://index.example/",
        "npx semantic-release",
        "npm run release",
        "cargo xtask release",
        "python -Im scripts.publish",
        "python -mscripts.publish",
        'eval "$COMMAND"',
        "python setup.py release",
    ),
)
MAY_NOT = (
    *("echo twine upload a", "git commit -m 'uv publish'", "python -m build", "python -m venv x", "uv run pytest"),
    *("python setup.py sdist bdist_wheel", "docker push x", "curl https://index.example/", "pip install twine"),
    *("cargo publish", "cargo +nightly test --all", "npm publish", "npm ci", "python -Im pytest", "python -Ic 'x()'"),
    *("hatch run mypy", "uv run --with twine python -m twine check a", "gh release upload v1 a", "uv build"),
)


def test_program_that_runs_unread_files_may_upload() -> None:
    may = {script: any(map(may_upload, programs_in(script))) for script in (*MAY_UPLOAD, *MAY_NOT)}
    assert may == {**dict.fromkeys(MAY_UPLOAD, True), **dict.fromkeys(MAY_NOT, False)}


def test_command_that_only_mentions_an_upload_is_none() -> None:
    uploads = {script: [*UploadReader().uploads(script, {})] for script in NO_UPLOADS}
    assert uploads == {script: [] for script in NO_UPLOADS}


def test_what_one_script_exports_the_next_ones_have() -> None:
    reader = UploadReader()
    assert list(reader.uploads("echo TWINE_REPOSITORY=testpypi >> $GITHUB_ENV", {})) == []
    (upload,) = reader.uploads("twine upload a", {"TWINE_REPOSITORY": "pypi"})
    assert upload.index == "testpypi"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("python -m build", True),
        ("pyproject-build --sdist", True),
        ("uv build --no-sources", True),
        ("uvx --from build pyproject-build", True),
        ("hatch -v build", True),
        ("python setup.py sdist bdist_wheel", True),
        ("poetry -C a build", True),
        ("python setup.py develop", False),
        ("docker build .", False),
        ("echo python -m build", False),
        ("pip install build", False),
    ],
)
def test_program_builds_or_not(script: str, *, expected: bool) -> None:
    assert any(map(builds, programs_in(script))) is expected


NAMES = (
    "uv",
    "twine",
    "nox",
    "-s",
    "$X",
    "upload",
    "publish",
    "run",
    "-m",
    "python",
    "env",
    "poetry",
    "hatch",
    "--",
    "a",
)
JOINED = st.lists(
    st.sampled_from((*NAMES, " ", " ", " ", ";", "=", "config", "repositories.x", "sh", "-c")), max_size=15
)


@given(JOINED.map(" ".join))
def test_no_command_ends_in_a_traceback(script: str) -> None:
    assert all(isinstance(upload, CommandUpload) for upload in UploadReader().uploads(script, {}))
    assert all(isinstance(session, str) for session in sessions_of(script))


LENGTH = 50_000
"""Signs of a line; where time grows with the square of it, the end is not to be waited for."""

WORDS_WITHOUT_END = ("uv ", "twine ", "pip ", "nox ", "nox -s a ", "${{ ", "--no-deps ", "uv pip install ")


def test_long_line_is_read_and_judged() -> None:
    lines = {word: word * (LENGTH // len(word)) for word in WORDS_WITHOUT_END}
    # A block is what PyYAML itself reads quickly.
    jobs = "".join(
        f"  job{place}:\n    steps:\n      - run: |\n          {line}\n" for place, line in enumerate(lines.values())
    )
    files = WorkflowFiles.from_texts({"release.yml": f"on: push\njobs:\n{jobs}"})
    assert [len(workflow.jobs) for workflow in files] == [len(lines)]
    assert Publishing(workflows=files, tag="v1").possible_jobs == ()
    listed = {
        word: [len(shortened) for shortened in BeforeUpload.of([Script(line)]).not_run] for word, line in lines.items()
    }
    assert listed == {word: [] if word == "nox -s a " else [LONGEST_COMMAND] for word in lines}
    assert {word for word, line in lines.items() if any(map(runs_tests, programs_in(line)))} == {"nox -s a "}
