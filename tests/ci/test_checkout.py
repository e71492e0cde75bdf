"""Submodules and files in Git LFS are found in a work tree, and missed where a job that builds does not fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject, environment
from seatrial.checks.check import run_checks
from seatrial.checks.registry import TRIGGER_CHECKS
from seatrial.ci.before_upload import CheckoutNeeds
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.findings import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def committed(folder: Path, files: dict[str, str]) -> SampleProject:
    folder.mkdir()
    made = SampleProject(folder, environment(folder.parent))
    made.git("init", "-q", "-b", "main")
    made.write(files)
    made.commit()
    return made


def submodule(project: SampleProject, *args: str) -> None:
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", *args)


def test_submodules_of_submodules_are_found_and_those_without_files_are_absent(tmp_path: Path) -> None:
    inner = committed(tmp_path / "inner", {"a.txt": ""})
    outer = committed(tmp_path / "outer", {"b.txt": ""})
    submodule(outer, "add", str(inner.root), "deep")
    outer.commit()
    top = committed(tmp_path / "top", {"c.txt": ""})
    submodule(top, "add", "--name", "tides", str(outer.root), "vendor/the outer")
    assert CheckoutNeeds.in_tree(top.root) == CheckoutNeeds(
        submodules=("vendor/the outer", "vendor/the outer/deep"), absent=("vendor/the outer/deep",)
    )
    submodule(top, "update", "--init", "--recursive")
    assert CheckoutNeeds.in_tree(top.root).absent == ()
    submodule(top, "deinit", "--force", "--all")
    assert CheckoutNeeds.in_tree(top.root).absent == ("vendor/the outer",)


def test_submodules_that_nobody_else_can_fetch_are_found(tmp_path: Path) -> None:
    library = committed(tmp_path / "library", {"a.txt": ""})
    top = committed(tmp_path / "top", {"c.txt": ""})
    submodule(top, "add", str(library.root), "vendor/tides")
    committed(top.root / "moon", {"m.txt": ""})
    top.commit()
    needs = CheckoutNeeds.in_tree(top.root, top.root)
    assert (needs.unnamed, needs.unpushed) == (("moon",), ())
    tides = SampleProject(top.root / "vendor/tides", top.environ)
    tides.write({"b.txt": ""})
    tides.commit()
    assert CheckoutNeeds.in_tree(top.root, top.root).unpushed == ("vendor/tides",)
    assert CheckoutNeeds.in_tree(top.root).unpushed == ()
    tides.git("push", "-q", "origin", "HEAD:refs/heads/next")
    assert CheckoutNeeds.in_tree(top.root, top.root).unpushed == ()


@pytest.mark.parametrize(
    ("files", "lfs"),
    [
        ({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}, True),
        ({"data/.gitattributes": "* text=auto\n*.csv -text filter=lfs\n"}, True),
        ({".gitattributes": "# *.bin filter=lfs\n*.dat filter=crypt\n*.x -filter=lfs-like\n"}, False),
        ({"notes.txt": "a filter=lfs\n"}, False),
    ],
)
def test_files_in_git_lfs_are_found_by_their_attribute(tmp_path: Path, files: dict[str, str], *, lfs: bool) -> None:
    assert CheckoutNeeds.in_tree(committed(tmp_path / "top", files).root) == CheckoutNeeds(lfs=lfs)


BOTH = CheckoutNeeds(lfs=True, submodules=("vendor/tides",), absent=("vendor/tides",))
WORKFLOW = """\
on: {push: {tags: ['v*']}}
jobs:
  lint: {steps: [{uses: actions/checkout@v5}, {run: nox -s lint}]}
  build: {steps: [STEPS]}
  pypi:
    needs: [lint, build]
    environment: pypi
    permissions: {id-token: write}
    steps: [{uses: pypa/gh-action-pypi-publish@v1}]
"""
CHECKOUT = "{uses: actions/checkout@v5, with: {WITH}}, {run: python -m build}"
LEFT_OUT = "the job build of .github/workflows/release.yml checks out without "


def findings(steps: str, needs: CheckoutNeeds = BOTH) -> dict[str, tuple[Verdict, str]]:
    files = WorkflowFiles.from_texts({"release.yml": WORKFLOW.replace("STEPS", steps)})
    facts = CiFacts("v1.3.0", Publishing("acme", "tidepool", files, tag="v1.3.0"), checkout=needs)
    results = run_checks(TRIGGER_CHECKS, facts)
    return {
        result.code: (result.finding.verdict, result.finding.message or "")
        for result in results
        if result.code in {"CI016", "CI017"}
    }


@pytest.mark.parametrize(
    ("steps", "lacking"),
    [
        (CHECKOUT.replace("WITH", "fetch-depth: 0"), "lfs and submodules"),
        (CHECKOUT.replace("WITH", "lfs: false, submodules: true"), "lfs"),
        (CHECKOUT.replace("WITH", "lfs: true"), "submodules"),
        (CHECKOUT.replace("WITH", "lfs: true, submodules: recursive"), None),
        (CHECKOUT.replace("WITH", "") + ", {run: 'git lfs pull && git submodule update --init'}", None),
        ("{run: git clone x && python -m build}", None),
        (CHECKOUT.replace("WITH", "lfs: '${{ vars.LFS }}', submodules: recursive"), None),
    ],
)
def test_checkout_of_a_job_that_builds_fetches_all_or_is_reported(steps: str, lacking: str | None) -> None:
    verdict, text = findings(steps)["CI016"]
    assert (verdict, text) == ((Verdict.FAILED, LEFT_OUT + lacking) if lacking else (Verdict.PASSED, ""))


def test_submodule_that_is_absent_here_is_an_error_where_ci_has_it() -> None:
    fetched, left_out = CHECKOUT.replace("WITH", "submodules: true"), CHECKOUT.replace("WITH", "")
    assert findings(fetched)["CI017"] == (Verdict.FAILED, "the submodule vendor/tides is not initialised")
    assert findings(left_out)["CI017"] == (Verdict.SKIPPED, "CI builds without submodules")
    assert findings(left_out, CheckoutNeeds())["CI017"] == (Verdict.PASSED, "")
