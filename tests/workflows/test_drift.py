"""Generated text is compared and replaced; the text around it is the maintainer's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.workflows.context import BEGIN, END, ManagedBlock, jobs_below, new_file
from seatrial.workflows.generate import Drift, DriftReason, GeneratedFile, find_drift

LINES = "name: CI\njobs:\n  gate:\n    needs: []\n"
OWN = "  docs:\n    steps: []\n  # a word\n  'site': # another\n    steps: []\nenv:\n  A: b\n"
PLAIN = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40)
"""Texts without marks: those begin a line, and a hash sign begins a mark."""


@given(PLAIN, PLAIN, PLAIN)
def test_text_around_a_managed_block_is_kept(above: str, inside: str, below: str) -> None:
    above, inside, below = (part and f"{part}\n" for part in (above, inside, below))
    block = ManagedBlock.find(ManagedBlock(above, inside, below, is_untouched=True).whole())
    assert block == ManagedBlock(above, inside, below, is_untouched=True)
    assert block.with_text("new\n").whole() == f"{above}{new_file('new' + chr(10))}{below}"


@pytest.mark.parametrize(
    "text",
    ["", "name: CI\n", f"{BEGIN}\nname: CI\n", f"name: CI\n{END} 0\n", f"{END}\n{BEGIN}\n", new_file("a\n") * 2],
    ids=["empty", "none", "no end", "no begin", "turned round", "two"],
)
def test_file_without_one_whole_region_has_none(text: str) -> None:
    assert ManagedBlock.find(text) is None


def test_jobs_below_a_managed_block_are_read_by_name() -> None:
    assert jobs_below(ManagedBlock("", LINES, OWN, is_untouched=True)) == ("docs", "site")


WANTED = (GeneratedFile("ci.yml", lambda more: LINES.replace("[]", f"[{', '.join(more)}]")),)
THEN = new_file(LINES)


def test_file_that_is_as_it_should_be_has_not_drifted() -> None:
    assert find_drift(WANTED, {"ci.yml": THEN}) == ()
    own = ManagedBlock("# mine\n", LINES.replace("[]", "[docs, site]"), OWN, is_untouched=True).whole()
    assert find_drift(WANTED, {"ci.yml": own}) == ()


def test_absent_file_is_missing() -> None:
    assert find_drift(WANTED, {}) == (Drift("ci.yml", DriftReason.MISSING, "", THEN),)


@pytest.mark.parametrize("text", ["name: CI\n", "a: [", "\x00"], ids=["plain", "no YAML", "control"])
def test_file_that_was_written_by_hand_is_left_as_it_is(text: str) -> None:
    assert find_drift(WANTED, {"ci.yml": text}) == (Drift("ci.yml", DriftReason.FOREIGN, text, text),)


def test_edited_lines_differ_from_outdated_lines() -> None:
    by_hand = THEN.replace("name: CI", "name: Mine")
    assert find_drift(WANTED, {"ci.yml": by_hand}) == (Drift("ci.yml", DriftReason.EDITED, by_hand, THEN),)
    earlier = new_file("name: Old\n")
    assert find_drift(WANTED, {"ci.yml": earlier}) == (Drift("ci.yml", DriftReason.OUTDATED, earlier, THEN),)


def test_drift_shows_the_difference_and_why() -> None:
    earlier = new_file(LINES.replace("CI", "Old"))
    (drift,) = find_drift(WANTED, {"ci.yml": earlier})
    before, after = (text.splitlines()[-1] for text in (earlier, THEN))
    assert str(drift) == (
        "ci.yml would be written otherwise today: the project, its settings or seatrial have changed\n"
        "  --- a/ci.yml\n"
        "  +++ b/ci.yml\n"
        "  @@ -1,3 +1,3 @@\n"
        f"   {BEGIN}\n"
        "  -name: Old\n"
        "  +name: CI\n"
        "   jobs:\n"
        "  @@ -5,2 +5,2 @@\n"
        "       needs: []\n"
        f"  -{before}\n"
        f"  +{after}"
    )


CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
NEXT = f"actions/checkout@{'7' * 40} # v7.1"
LATER = f"actions/checkout@{'8' * 40} # v10.0.0"
USING = f"name: CI\njobs:\n  - uses: {CHECKOUT}\n  - uses: {CHECKOUT}\n"


@pytest.mark.parametrize("raised", [LATER, NEXT])
def test_pin_that_dependabot_has_raised_stays(raised: str) -> None:
    expected = (GeneratedFile("ci.yml", lambda _: USING),)
    merged = new_file(USING).replace(CHECKOUT, raised)
    assert find_drift(expected, {"ci.yml": merged}) == ()
    once = new_file(USING).replace(CHECKOUT, raised, 1)
    assert find_drift(expected, {"ci.yml": once}) == (Drift("ci.yml", DriftReason.OUTDATED, once, merged),)
    changed = (GeneratedFile("ci.yml", lambda _: USING.replace("CI", "Checks")),)
    then = merged.replace("CI", "Checks").replace(
        merged.splitlines()[-1], new_file(changed[0].text(())).splitlines()[-1]
    )
    assert find_drift(changed, {"ci.yml": merged}) == (Drift("ci.yml", DriftReason.OUTDATED, merged, then),)


@pytest.mark.parametrize(
    ("pin", "reason"),
    [
        (f"actions/checkout@{'7' * 40} # v7.0.1", DriftReason.EDITED),
        (CHECKOUT.replace("v7.0.1", "v7.1"), DriftReason.EDITED),
        (f"actions/checkout@{'7' * 40} # v6", DriftReason.OUTDATED),
        ("actions/checkout@v8", DriftReason.EDITED),
        (f"actions/checkout@{'8' * 40}", DriftReason.EDITED),
    ],
    ids=["same version", "same commit", "earlier", "tag", "no version"],
)
def test_pin_that_is_no_later_one_does_not(pin: str, reason: DriftReason) -> None:
    by_hand = new_file(USING).replace(CHECKOUT, pin)
    drifts = find_drift((GeneratedFile("ci.yml", lambda _: USING),), {"ci.yml": by_hand})
    assert drifts == (Drift("ci.yml", reason, by_hand, new_file(USING)),)
