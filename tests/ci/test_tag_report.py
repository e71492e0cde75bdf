"""What a tag starts is said in words and as data: which workflows and jobs, what they upload, where to and as whom.

The answers are in tests/expected/tag_reports.txt; pytest tests/ci/test_tag_report.py --refresh writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from twine.utils import DEFAULT_REPOSITORY

from errors_raised import rendered
from seatrial.checks.check import run_checks
from seatrial.checks.registry import TRIGGER_CHECKS
from seatrial.ci.expressions import Answer
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.gitlab import PIPELINE_FILE, Pipeline
from seatrial.ci.job_uploads import Index
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.ci.tag_report import TagReport
from workflow_scenarios import ACTIONS, BUILD, FETCH, PUBLISH, SCENARIOS, job, release, workflow

if TYPE_CHECKING:
    from collections.abc import Mapping


EXPECTED = Path(__file__).resolve().parents[1] / "expected/tag_reports.txt"
TAG = "v1.3.0"

OTHERS: dict[str, dict[str, str]] = {
    "files for other events": {
        "ci.yml": workflow(BUILD, on="on: {push: {branches: [main]}, pull_request: , workflow_dispatch: }\n"),
        "docs.yml": workflow(BUILD, on="on: {push: {tags: ['docs-*']}}\n"),
        "old.yml": workflow(BUILD, on="on: {push: {tags-ignore: ['v*']}}\n"),
        "nightly.yml": workflow(BUILD, on="on: {schedule: [{cron: '0 0 * * *'}]}\n"),
        "broken.yml": "on: push\njobs: [\n",
        "no-jobs.yml": "on: push\n",
        **release(job()),
    },
    "after another workflow": {
        "build.yml": f"name: Build\n{workflow(BUILD)}",
        "publish.yml": workflow(job(needs=""), on="on: {workflow_run: {workflows: [Build], types: [completed]}}\n"),
    },
    "artifacts by the ids that a job hands on": {
        "release.yml": workflow(
            BUILD.replace(
                "    steps:", "    outputs: {built: '${{ steps.keep.outputs.artifact-id }}'}\n    steps:"
            ).replace("        with: {name", "        id: keep\n        with: {name"),
            job(
                "pypi", steps=FETCH.replace("name: dist", "artifact-ids: '${{ needs.build.outputs.built }}'") + PUBLISH
            ),
            job(
                "more", steps=FETCH.replace("name: dist", "artifact-ids: '${{ needs.build.outputs.other }}'") + PUBLISH
            ),
        )
    },
    "an artifact that a single job of the matrix stores": {
        "release.yml": workflow(
            BUILD.replace("    steps:", "    strategy: {matrix: {python: ['3.9', '3.13']}}\n    steps:").replace(
                "        with: {name", "        if: matrix.python == '3.13'\n        with: {name"
            ),
            job(),
        )
    },
    "an artifact that may be stored by several jobs of the matrix": {
        "release.yml": workflow(
            BUILD.replace("    steps:", "    strategy: {matrix: {python: ['3.9', '3.13']}}\n    steps:").replace(
                "        with: {name", "        if: runner.os == 'Linux'\n        with: {name"
            ),
            job(),
        )
    },
    "the action of maturin": release(
        job(
            steps=FETCH
            + "      - uses: PyO3/maturin-action@v1\n        with: {command: upload, args: --skip-existing dist/*}\n"
        ),
        job(
            name="token",
            steps="      - uses: pyo3/maturin-action@v1\n        with: {command: publish}\n"
            "        env: {MATURIN_PYPI_TOKEN: '${{ secrets.TOKEN }}'}\n",
        ),
        job(name="builds", steps="      - uses: PyO3/maturin-action@v1\n        with: {args: --release --out dist}\n"),
    ),
    "the creation of a tag": {"release.yml": workflow(BUILD, job(), on="on: {create: {tags: ['x*']}}\n")},
    "attestations that an action writes": release(
        job(
            steps=FETCH
            + "      - uses: astral-sh/attest-action@v0.0.6\n"
            + "      - run: uv publish\n      - run: uv publish --no-attestations\n"
        ),
        job(name="none", steps=FETCH + "      - run: uv publish\n"),
        job(
            name="elsewhere",
            steps=FETCH
            + "      - uses: astral-sh/attest-action@v0.0.6\n        with: {paths: 'wheels/ dist/*.whl'}\n"
            + "      - run: uv publish\n      - run: uv publish wheels/*\n      - run: uv publish wheels/old/*\n"
            + "      - run: uv publish ./dist/*.whl\n      - run: uv publish ./wheels/old/*.whl\n"
            + "      - run: uv publish wheels/tidepool-*\n      - run: uv publish dist/x-1.tar.gz wheels/x-1.tar.gz\n"
            + "      - run: uv publish $FILES/*.whl\n",
        ),
    ),
    "a secret that an action alone gets": release(
        "  update:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make update\n"
        "      - uses: actions/create-github-app-token@v3\n"
        "        with: {private-key: '${{ secrets.POETRY_TOKEN }}'}\n",
    ),
    "a workflow that the tag's workflow starts": {
        "tag.yml": workflow(
            "  go:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: gh workflow run publish.yml --ref v1\n"
        ),
        "publish.yml": workflow(BUILD, job(), on="on: workflow_dispatch\n"),
    },
    **{
        f"a release that the tag's workflow makes with {token}": {
            "tag.yml": workflow(
                "  go:\n    runs-on: ubuntu-24.04\n    steps:\n"
                f"      - run: gh release create v1\n        env: {{GH_TOKEN: '${{{{ {token} }}}}'}}\n"
                "      - uses: softprops/action-gh-release@v2\n"
                f"        with: {{token: '${{{{ {token} }}}}'}}\n"
            ),
            "publish.yml": workflow(BUILD, job(), on="on: {release: {types: [published]}}\n"),
        }
        for token in ("github.token", "secrets.RELEASE_TOKEN")
    },
    "results of all jobs that are waited for": release(
        "  lint:\n    if: github.event_name == 'pull_request'\n    runs-on: ubuntu-24.04\n    steps: [{run: 'true'}]\n",
        job(needs="[build, lint]", condition="always() && !contains(needs.*.result, 'failure')"),
        job("skipped", needs="[build, lint]", condition="always() && !contains(needs.*.result, 'skipped')"),
    ),
    "a condition that names what it can't use": release(job(condition="secrets.TOKEN != ''")),
    "a condition with the wrong quotes": release(job(condition='github.ref_type == "tag"')),
    "keys that are repeated": {"release.yml": workflow(BUILD, job()) + "on: push\n"},
    "labels that a push does not have": release(
        job(condition="success() && !contains(github.event.pull_request.labels.*.name, 'quick')")
    ),
    "every tag of every name": release(job(), on="on: push\n"),
    "a workflow that other events start too": release(
        job(),
        on="on: {push: {branches: [main, next], tags: ['v*']}, pull_request: {branches: [main]}, "
        "schedule: [{cron: x}], workflow_dispatch: }\n",
    ),
    "no workflow": {},
}
"""Files that the scenarios of publishing do not have."""


def publishing_of(texts: Mapping[str, str]) -> Publishing:
    return Publishing("acme", "tidepool", WorkflowFiles.from_texts(texts, ACTIONS.get), tag=TAG)


def report_of(texts: Mapping[str, str]) -> TagReport:
    return TagReport.of(publishing_of(texts))


def test_report_on_each_scenario_is_as_expected(pytestconfig: pytest.Config) -> None:
    texts = [f"{name}\n{report_of(files)}\n" for name, files in {**SCENARIOS, **OTHERS}.items()]
    # The name of PyPI's host is written nowhere.
    text = rendered("\n".join(texts)).replace(str(urlsplit(DEFAULT_REPOSITORY).hostname), "{host}")
    if pytestconfig.getoption("--refresh"):
        EXPECTED.write_text(text, encoding="utf-8")
    assert EXPECTED.read_text(encoding="utf-8") == text


def test_report_as_json_has_all_values() -> None:
    report = report_of(release(job()))
    publisher = {"owner": "acme", "repository": "tidepool", "workflow": "release.yml"}
    upload: dict[str, Any] = {"index": "PyPI", "address": None, "starts": "yes", "reason": None, "folder": "dist"}
    upload |= {"artifacts": ["dist"], "publisher": {**publisher, "environment": "pypi", "environment_text": "pypi"}}
    upload |= {"has_password": False, "attestations": True, "accepted": "yes", "rejection": None}
    nothing: dict[str, Any] = {
        "reason": None,
        "calls": None,
        "needs": [],
        "uploads": [],
        "doubts": [],
        "problems": [],
        "manual": False,
    }
    common = {"callers": [], "workflow": "release.yml", "starts": "yes"}
    build = {"job": "build", **common, **nothing}
    pypi = {"job": "pypi", **common, **nothing, "needs": ["build"], "uploads": [upload]}
    assert json.loads(json.dumps(report.as_dict())) == {
        "tag": TAG,
        "publishes": "yes",
        "workflows": [
            {"workflow": "release.yml", "event": "push", "how": "starts", "other_events": [], "jobs": [build, pypi]}
        ],
    }


def test_report_and_checks_agree_on_each_scenario() -> None:
    """Where the tag publishes, no check of what it starts finds an error; elsewhere, one of them does not pass."""
    disagreeing = []
    for name, texts in SCENARIOS.items():
        publishing = publishing_of(texts)
        results = run_checks(TRIGGER_CHECKS, CiFacts(TAG, publishing))
        outcomes = {result.outcome for result in results if result.code != "CI003"}
        publishes = TagReport.of(publishing).publishes
        is_fit = {
            Answer.YES: "error" not in outcomes,
            Answer.NO: bool(outcomes & {"error", "warning"}),
            Answer.UNKNOWN: "unknown" in outcomes,
        }[publishes]
        disagreeing += [] if is_fit else [(name, publishes, outcomes)]
    assert disagreeing == []


PIPELINE = """\
stages: [build, deploy]
build:
  stage: build
  script: [python -m build]
publish:
  stage: deploy
  needs: [build]
  environment: pypi
  id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}
  rules: [{if: $CI_COMMIT_TAG}]
  script: [twine upload --attestations dist/*]
pages:
  rules: [{if: $CI_COMMIT_BRANCH}]
  script: [make]
"""

WITHOUT = "attestations: no, and the index rejects it: the job has no PYPI_ID_TOKEN with the aud pypi"
REJECTED = ", and the index may reject it: the job has no id_tokens in the file itself"
PROBLEM = "expected the node content, but found '<stream end>'"
TRIAL = """\
try:
  environment: trial
  id_tokens: {TESTPYPI_ID_TOKEN: {aud: testpypi}, PYPI_ID_TOKEN: {aud: pypi}}
  script:
    - twine upload -r testpypi a
    - uv publish
    - twine upload --repository-url $CI_API_V4_URL/x a
    - twine upload --repository-url https://index.invalid/ a
"""
LESS = "without an identity token; attestations: no"
UNNAMED = "as publisher (acme, tidepool, .gitlab-ci.yml, no environment)"
AS_TRIAL = "as publisher (acme, tidepool, .gitlab-ci.yml, environment trial); attestations: no"
AS_PUBLISHER = "as publisher (acme, tidepool, .gitlab-ci.yml, environment pypi); attestations: yes"


@pytest.mark.parametrize(
    ("text", "lines", "publishes"),
    [
        (
            PIPELINE,
            [
                "  .gitlab-ci.yml starts",
                "    build runs",
                f"    publish runs after build, uploads files to PyPI {AS_PUBLISHER}",
                "    pages does not run (by its rules)",
            ],
            "the tag publishes to PyPI",
        ),
        (
            "publish: {script: [twine upload dist/*], variables: {TWINE_PASSWORD: $TOKEN}}\n",
            [
                "  .gitlab-ci.yml starts",
                "    publish runs, uploads files to PyPI with a stored password; attestations: no",
            ],
            "the tag publishes to PyPI",
        ),
        (
            "publish: {script: [twine upload dist/*]}\n",
            [
                "  .gitlab-ci.yml starts",
                f"    publish runs, uploads files to PyPI without an identity token; attestations: no{REJECTED}",
            ],
            "whether the tag publishes to PyPI is unknown",
        ),
        *(
            (
                f"publish: {{script: [uv publish --publish-url $INDEX_URL], {settings}}}\n",
                [
                    "  .gitlab-ci.yml starts",
                    f"    publish runs, uploads files to an unknown index ($INDEX_URL) {credential}; attestations: no",
                ],
                "whether the tag publishes to PyPI is unknown",
            )
            for settings, credential in (
                ("id_tokens: {PYPI_ID_TOKEN: {aud: pypi}}", UNNAMED),
                ("id_tokens: {TESTPYPI_ID_TOKEN: {aud: testpypi}}", UNNAMED),
                ("id_tokens: {PYPI_ID_TOKEN: {aud: $AUDIENCE}}", UNNAMED),
                ("id_tokens: {MINE: {aud: index}}", "without an identity token"),
                ("stage: deploy", "without an identity token"),
                ("variables: {UV_PUBLISH_TOKEN: $TOKEN}", "with a stored password"),
            )
        ),
        (
            PIPELINE.replace("aud: pypi", "aud: testpypi"),
            [
                "  .gitlab-ci.yml starts",
                "    build runs",
                f"    publish runs after build, uploads files to PyPI without an identity token; {WITHOUT}",
                "    pages does not run (by its rules)",
            ],
            "the tag publishes nothing to PyPI",
        ),
        (
            PIPELINE.replace("twine upload", "twine upload -r testpypi").replace("PYPI_ID", "TESTPYPI_ID"),
            [
                "  .gitlab-ci.yml starts",
                "    build runs",
                "    publish runs after build, uploads files to TestPyPI without an identity token; "
                + WITHOUT.replace("PYPI_ID_TOKEN with the aud pypi", "TESTPYPI_ID_TOKEN with the aud testpypi"),
                "    pages does not run (by its rules)",
            ],
            "the tag publishes nothing to PyPI",
        ),
        (
            TRIAL,
            [
                "  .gitlab-ci.yml starts",
                "    try runs, "
                + "; then ".join(
                    (
                        f"uploads files to TestPyPI {AS_TRIAL}",
                        f"uploads files to PyPI {AS_TRIAL}",
                        f"uploads files to another index ($CI_API_V4_URL/x) {LESS}",
                        f"uploads files to another index (https://index.invalid/) {LESS}",
                    )
                ),
            ],
            "the tag publishes to PyPI",
        ),
        *(
            (
                PIPELINE.replace("rules: [{if: $CI_COMMIT_TAG}]", rules),
                [
                    "  .gitlab-ci.yml starts",
                    "    build runs",
                    f"    publish runs after build when somebody starts it, uploads files to PyPI {AS_PUBLISHER}",
                    "    pages does not run (by its rules)",
                ],
                "the tag alone publishes nothing to PyPI",
            )
            for rules in ("when: manual", "rules: [{if: $CI_COMMIT_BRANCH}, {if: $CI_COMMIT_TAG, when: manual}]")
        ),
        (
            f"workflow: {{rules: [{{if: $CI_COMMIT_BRANCH}}]}}\n{PIPELINE}",
            ["  .gitlab-ci.yml does not start: its rules decide it"],
            "the tag publishes nothing to PyPI",
        ),
        (
            "publish: [\n",
            [f"  {PIPELINE_FILE} is not read: {PIPELINE_FILE}: line 2: {PROBLEM}"],
            "the tag publishes nothing to PyPI",
        ),
    ],
)
def test_pipeline_of_gitlab_is_reported_too(tmp_path: Path, text: str, lines: list[str], publishes: str) -> None:
    (tmp_path / PIPELINE_FILE).write_text(text, encoding="utf-8")
    publishing = Publishing("acme", "tidepool", WorkflowFiles(), others=(PIPELINE_FILE,), tag=TAG)
    report = TagReport.at(publishing, tmp_path)
    assert str(report).splitlines() == [f"on the tag {TAG}:", *lines, publishes]
    assert json.loads(json.dumps(report.as_dict()))["tag"] == TAG


@pytest.mark.parametrize(
    ("tokens", "has_token"),
    [
        ("{PYPI_ID_TOKEN: {aud: pypi}}", Answer.YES),
        ("{PYPI_ID_TOKEN: {aud: [sigstore, pypi]}}", Answer.YES),
        ("{PYPI_ID_TOKEN: {aud: $AUDIENCE}}", Answer.UNKNOWN),
        ("!reference [.token, id_tokens]", Answer.UNKNOWN),
        ("{PYPI_ID_TOKEN: {aud: testpypi}}", Answer.NO),
        ("{SIGSTORE_ID_TOKEN: {aud: sigstore}}", Answer.NO),
        ("{TOKEN: {aud: pypi}}", Answer.NO),
        ("{}", Answer.NO),
    ],
)
def test_token_of_gitlab_is_that_of_pypi_in_the_variable_that_is_read(tokens: str, has_token: Answer) -> None:
    (pipeline_job,) = Pipeline.of(f"p: {{id_tokens: {tokens}, script: [twine upload a]}}\n", TAG).jobs
    assert pipeline_job.has_token(Index.PYPI) is has_token


def test_file_of_another_service_that_uploads_leaves_it_unknown() -> None:
    report = TagReport.of(Publishing(others=("azure-pipelines.yml",), tag=TAG))
    assert str(report).splitlines()[1:] == [
        "  azure-pipelines.yml uploads; what starts it is not read",
        "whether the tag publishes to PyPI is unknown",
    ]
