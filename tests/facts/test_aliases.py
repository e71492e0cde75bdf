"""What a CI file or an address says is taken as it stands: nothing in it multiplies, and no path is a forge."""

from __future__ import annotations

import pytest

from seatrial.facts.repository import owner_and_name
from seatrial.facts.workflow import Workflow


def test_aliases_that_multiply_are_no_texts() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 21))
    told = "jobs: {a: {environment: *a20, permissions: *a20, steps: [{run: *a20}, {uses: *a20}]}}\n"
    workflow = Workflow.from_text("ci.yml", f"{bomb}on: {{push: {{tags: [*a20]}}}}\n{told}")
    assert workflow is not None
    assert (workflow.tags, workflow.jobs[0].environment) == ((), "")
    assert (workflow.jobs[0].commands, workflow.jobs[0].uses) == ((), ())


@pytest.mark.parametrize("address", ["./a/b.git", "../../a/b.git", "/srv/a/b.git", "file:///srv/a/b.git"])
def test_path_is_no_address_on_a_forge(address: str) -> None:
    assert owner_and_name(address) == ("", "")
