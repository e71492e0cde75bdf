"""Hand-written workflows of situations that were reported: each has one thing that decides whether it publishes."""

from __future__ import annotations

from twine.utils import DEFAULT_REPOSITORY, TEST_REPOSITORY

from seatrial.checks.workflows import CHECKOUT_PIN, DOWNLOAD_ARTIFACT_PIN, PUBLISH_PIN, UPLOAD_ARTIFACT_PIN

ON_TAG = 'on: {push: {tags: ["v*"]}}\n'
READ = "permissions: {contents: read}\n"
BUILD = f"""\
  build:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    steps:
      - uses: {CHECKOUT_PIN}
      - run: nox -s build check tests
      - uses: {UPLOAD_ARTIFACT_PIN}
        with: {{name: dist, path: dist/}}
"""
FETCH = f"      - uses: {DOWNLOAD_ARTIFACT_PIN}\n        with: {{name: dist, path: dist/}}\n"
PUBLISH = f"      - uses: {PUBLISH_PIN}\n"
IDENTITY = "    environment: pypi\n    permissions: {id-token: write}\n"


def job(
    name: str = "pypi", *, steps: str = FETCH + PUBLISH, head: str = IDENTITY, needs: str = "build", condition: str = ""
) -> str:
    """Return a job that publishes, with other lines."""
    needed = f"    needs: {needs}\n" if needs else ""
    guarded = f"    if: {condition}\n" if condition else ""
    return f"  {name}:\n{needed}{guarded}    runs-on: ubuntu-24.04\n    timeout-minutes: 10\n{head}    steps:\n{steps}"


def workflow(*jobs: str, on: str = ON_TAG, more: str = READ) -> str:
    return f"{on}{more}jobs:\n{''.join(jobs)}"


def release(*jobs: str, on: str = ON_TAG, more: str = READ) -> dict[str, str]:
    """Return the file of a workflow that builds, and then does what the jobs say."""
    return {"release.yml": workflow(BUILD, *jobs, on=on, more=more)}


def run(*commands: str, **variables: str) -> str:
    """Return a step that runs commands, with variables of its own."""
    env = "".join(f"          {name}: {value}\n" for name, value in variables.items())
    lines = "".join(f"          {line}\n" for command in commands for line in command.splitlines())
    return f"      - run: |\n{lines}" + (f"        env:\n{env}" if env else "")


def uses(action: str, **inputs: str) -> str:
    """Return a step that uses an action."""
    arguments = "".join(f"          {name.replace('_', '-')}: {value}\n" for name, value in inputs.items())
    return f"      - uses: {action}\n" + (f"        with:\n{arguments}" if arguments else "")


BY_HAND = 'on: {push: {tags: ["v*"]}, workflow_dispatch: }\n'
TAGGED = "  tag:\n    if: github.event_name == 'workflow_dispatch'\n    steps: [{run: echo tag}]\n"
ON_CALL = "on: {workflow_call: }\n"
CALL = "  publish:\n    needs: build\n    uses: ./.github/workflows/publish.yml\n"
GRANT = "    permissions: {id-token: write}\n"
STORED = "${{ secrets.PYPI_TOKEN }}"
MATRIX = BUILD.replace("    steps:", "    strategy: {matrix: {os: [ubuntu-24.04, macos-15]}}\n    steps:", 1)
COMPOSITE = (
    f"name: Publish\ndescription: Publish\nruns:\n  using: composite\n  steps:\n    - uses: {PUBLISH_PIN}\n"
    "      with: {repository-url: '${{ inputs.index }}'}\ninputs: {index: {default: ''}}\n"
)
ACTIONS = {"./.github/actions/publish": COMPOSITE}
ENVIRONMENT_ALONE = "    environment: pypi\n"
INPUTS = "on: {workflow_dispatch: {inputs: {version: {default: '1'}, dry: {type: boolean}}}}\n"
UNQUOTED = "{ 'uses': \"pypa/gh-action-pypi-publish@v1\" }"

SCENARIOS: dict[str, dict[str, str]] = {
    "plain": release(job()),
    "flow style": {
        "release.yml": 'on: {push: {tags: ["v*"]}}\njobs: {pypi: {environment: pypi, permissions: {id-token: write}, '
        f"timeout-minutes: 5, steps: [{UNQUOTED}]}}}}\n"
    },
    # Whether the job runs for the tag.
    "guarded by another event": release(job(condition="github.event_name == 'release'"), on=BY_HAND),
    "after a job that does not run": release(TAGGED, job(needs="[tag, build]"), on=BY_HAND),
    "after a job that runs after one that does not": {
        "release.yml": workflow(
            TAGGED, BUILD.replace("  build:\n", "  build:\n    needs: tag\n    if: always()\n"), job(), on=BY_HAND
        )
    },
    "guarded by a variable": release(job(condition="vars.PUBLISH == 'true'")),
    "guarded by an input that a tag does not have": release(job(condition="${{ !inputs.dry }}"), on=BY_HAND),
    "guarded by a text that is put together": release(
        job(condition="github.ref == format('refs/tags/{0}', github.ref_name)")
    ),
    "guarded by what only another event has": release(job(condition="github.event.ref_type == 'tag'")),
    "guarded step": release(job(steps=FETCH + PUBLISH + "        if: github.ref == 'refs/heads/main'\n")),
    "guarded by the shell": release(job(steps=FETCH + run('if [ -n "$X" ]; then twine upload dist/*; fi'))),
    "on a release": release(job(), on="on: {release: {types: [published]}}\n"),
    "on an early release": release(job(), on="on: {release: {types: [prereleased]}}\n"),
    "on a release that is edited": release(job(), on="on: {release: {types: [edited, deleted]}}\n"),
    "built for the tag, published with the release": release(
        job(condition="github.event_name == 'release'"), on='on: {push: {tags: ["v*"]}, release: }\n'
    ),
    "by hand with inputs": release(job(), on=INPUTS),
    "by hand, guarded by an input": release(job(condition="inputs.dry"), on=INPUTS),
    "on a release that calls": {
        "publish.yml": workflow(job(needs=""), on=ON_CALL),
        "release.yml": workflow(BUILD, CALL + GRANT, on="on: {release: , workflow_dispatch: }\n"),
    },
    # Who asks for a token.
    "called": {
        "publish.yml": workflow(job(needs=""), on=ON_CALL),
        "release.yml": workflow(BUILD, CALL + GRANT),
    },
    "called without attestations": {
        "publish.yml": workflow(
            job(needs="", steps=FETCH + PUBLISH + "        with: {attestations: false}\n"), on=ON_CALL
        ),
        "release.yml": workflow(BUILD, CALL + GRANT),
    },
    "called without a grant": {
        "publish.yml": workflow(job(needs=""), on=ON_CALL),
        "release.yml": workflow(BUILD, CALL),
    },
    "called with the name of its environment": {
        "publish.yml": workflow(
            job(needs="", head=IDENTITY.replace("pypi", "${{ inputs.environment }}")),
            on="on: {workflow_call: {inputs: {environment: {type: string}}}}\n",
        ),
        "release.yml": workflow(BUILD, CALL + GRANT + "    with: {environment: production}\n"),
    },
    "within an action of the repository": release(job(steps=FETCH + uses("./.github/actions/publish"))),
    "within an action that is handed the index": release(
        job(steps=FETCH + uses("./.github/actions/publish", index=TEST_REPOSITORY))
    ),
    "without a token": release(job(head=ENVIRONMENT_ALONE)),
    "environment by an input": release(
        job(head=IDENTITY.replace("pypi", "${{ inputs.target || 'pypi' }}")), on=BY_HAND
    ),
    "environment by the ref": release(
        job(head=IDENTITY.replace("pypi", "${{ github.ref_type == 'tag' && 'pypi' || 'testpypi' }}"))
    ),
    "environment by the matrix": release(
        job(head=IDENTITY.replace("pypi", "${{ matrix.at }}") + "    strategy: {matrix: {at: [pypi], os: [a, b]}}\n")
    ),
    "environments by the matrix": release(
        job(head=IDENTITY.replace("pypi", "${{ matrix.at }}") + "    strategy: {matrix: {at: [pypi, pypi-2]}}\n")
    ),
    "two jobs with two environments": release(
        job("sdist"), job("wheels", head=IDENTITY.replace("environment: pypi", "environment: pypi-wheels"))
    ),
    # Where to.
    "address of PyPI": release(job(steps=FETCH + uses(PUBLISH_PIN, repository_url=DEFAULT_REPOSITORY))),
    "TestPyPI by a variable": release(
        job(), job("rehearsal", steps=FETCH + run("twine upload dist/*", TWINE_REPOSITORY="testpypi"))
    ),
    "TestPyPI, then PyPI in one job": release(
        job(steps=FETCH + uses(PUBLISH_PIN, repository_url=TEST_REPOSITORY) + PUBLISH)
    ),
    "TestPyPI alone": release(job(steps=FETCH + run("uv publish", UV_PUBLISH_URL=TEST_REPOSITORY))),
    "index by a variable": release(
        job(steps=FETCH + run("twine upload dist/*", TWINE_REPOSITORY_URL="${{ vars.INDEX }}"))
    ),
    "index by a variable of the step": release(
        job(steps=FETCH + run('twine upload --repository-url "$URL" dist/*', URL=TEST_REPOSITORY))
    ),
    "index by an expression in a command": release(
        job(steps=FETCH + run("twine upload -r ${{ env.REPO }} dist/*", REPO="testpypi"))
    ),
    # With whose password.
    "empty password": release(job(steps=FETCH + PUBLISH + "        with: {user: __token__, password: ''}\n")),
    "no password": release(job(steps=FETCH + run("twine upload dist/*", TWINE_NON_INTERACTIVE="true"))),
    "token of twine": release(
        job(head=ENVIRONMENT_ALONE, steps=FETCH + run("twine upload dist/*", TWINE_PASSWORD=STORED))
    ),
    "token before the command": release(
        job(head=ENVIRONMENT_ALONE, steps=FETCH + run(f"TWINE_PASSWORD={STORED} twine upload dist/*"))
    ),
    "token of poetry": release(
        job(
            head=ENVIRONMENT_ALONE, steps=FETCH + run(f"poetry config pypi-token.pypi {STORED}") + run("poetry publish")
        )
    ),
    "token of maturin": release(
        job(head=ENVIRONMENT_ALONE, steps=FETCH + run("maturin publish", MATURIN_PYPI_TOKEN=STORED))
    ),
    "token in .pypirc": release(
        job(
            head=ENVIRONMENT_ALONE,
            steps=FETCH + run(f"cat > ~/.pypirc <<END\n[pypi]\npassword = {STORED}\nEND\ntwine upload dist/*"),
        )
    ),
    # What may upload unseen.
    "script of the repository": release(job(steps=FETCH + run("./release.sh"))),
    "script of the project": release(job(steps=FETCH + run("uv run publish"))),
    "command that starts another": release(job(steps=FETCH + run("retry 3 twine upload dist/*"))),
    "container": release(job(steps=FETCH + run("docker run --rm -v $PWD:/x twine upload dist/*"))),
    "session of tox": release(job(head=ENVIRONMENT_ALONE, steps=FETCH + run("tox -e publish", X=STORED))),
    "action of somebody": release(
        job(
            head=ENVIRONMENT_ALONE,
            steps=FETCH
            + uses("acme/upload-to-pypi@v1", command="upload")
            + f"        env: {{MATURIN_PYPI_TOKEN: '{STORED}'}}\n",
        )
    ),
    "workflow of somebody": release(
        f"  publish:\n    needs: build\n    uses: somebody/ci/.github/workflows/publish.yml@v1\n{GRANT}"
    ),
    "script of Python": release(
        job(steps=FETCH + run("import subprocess", "twine upload dist/*") + "        shell: python\n")
    ),
    "token for other things": release(
        job("pages", steps=uses("actions/deploy-pages@v4")),
        job(
            "attest", steps=FETCH + uses("actions/attest-build-provenance@v3") + run("ls dist", "# twine upload dist/*")
        ),
    ),
    "mentioned alone": release(
        job(
            steps=FETCH + run("# twine upload dist/*", "echo 'twine upload'", "twine check dist/*"),
            head=ENVIRONMENT_ALONE,
        )
    ),
    # What arrives.
    "artifact of another name": release(job(steps=FETCH.replace("name: dist", "name: packages") + PUBLISH)),
    "artifact of the usual name": {
        "release.yml": workflow(
            BUILD.replace("name: dist, ", ""), job(steps=FETCH.replace("name: dist", "name: artifact") + PUBLISH)
        )
    },
    "artifacts in folders": {
        "release.yml": workflow(
            MATRIX.replace("name: dist", "name: 'dist-${{ matrix.os }}'"),
            job(steps=FETCH.replace("name: dist, ", "") + PUBLISH),
        )
    },
    "artifacts in one folder": {
        "release.yml": workflow(
            MATRIX.replace("name: dist", "name: 'dist-${{ matrix.os }}'"),
            job(steps=FETCH.replace("name: dist", "pattern: dist-*, merge-multiple: true") + PUBLISH),
        )
    },
    "artifacts that are moved": {
        "release.yml": workflow(
            MATRIX.replace("name: dist", "name: 'dist-${{ matrix.os }}'"),
            job(steps=FETCH.replace("name: dist, ", "") + run("mv dist/*/* dist/") + PUBLISH),
        )
    },
    "artifacts of one name": {"release.yml": workflow(MATRIX, job())},
    "files below a folder of the artifact": {
        "release.yml": workflow(BUILD.replace("path: dist/", 'path: "dist/*\\nnotes.md"'), job())
    },
    "files of two folders of the artifact": {
        "release.yml": workflow(BUILD.replace("path: dist/", 'path: "dist/*.whl\\nsource/*.tar.gz"'), job())
    },
    "artifact in the working directory": release(job(steps=FETCH.replace(", path: dist/", "") + PUBLISH)),
    "artifact in another folder": release(job(steps=FETCH.replace("path: dist/", "path: files") + PUBLISH)),
    "artifact in the folder that is named": release(
        job(steps=FETCH.replace("path: dist/", "path: files") + uses(PUBLISH_PIN, packages_dir="files/"))
    ),
    "artifact in folders that a pattern names": release(
        job(steps=FETCH.replace("path: dist/", "path: files") + run("uv publish files/**/*"))
    ),
    "artifact of no row of the matrix": {
        "release.yml": workflow(
            MATRIX.replace("name: dist", "name: 'dist-${{ matrix.os }}'"),
            job(steps=FETCH.replace("name: dist", "name: dist-windows-2025") + PUBLISH),
        )
    },
    "artifacts of one name by two jobs": {
        "release.yml": workflow(BUILD, BUILD.replace("  build:", "  wheels:"), job(needs="[build, wheels]"))
    },
    "artifacts that are joined": {
        "release.yml": workflow(
            MATRIX.replace("name: dist", "name: 'dist-${{ matrix.os }}'"),
            "  join:\n    needs: build\n    timeout-minutes: 5\n    steps:\n"
            "      - {uses: actions/upload-artifact/merge@v4, with: {name: dist, pattern: dist-*}}\n",
            job(needs="join"),
        )
    },
    "artifact of an action of somebody": {
        "release.yml": workflow(
            BUILD.replace(UPLOAD_ARTIFACT_PIN, "hynek/build-and-inspect-python-package@v2"),
            job(steps=FETCH.replace("name: dist", "name: Packages") + PUBLISH),
        )
    },
}
"""The files of workflows by their names, by what is the matter with them."""
