"""Patterns of tags mean what GitHub's cheat sheet says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seatrial.ci.github import ref_matches

CHOSEN: dict[tuple[tuple[str, ...], str], bool] = {
    # The examples of the cheat sheet.
    (("*",), "main"): True,
    (("*",), "releases/10"): False,
    (("**",), "releases/10"): True,
    (("**feature",), "your/feature"): True,
    (("feature/*",), "feature/my-branch"): True,
    (("feature/*",), "feature/beta-a/my-branch"): False,
    (("feature/**",), "feature/beta-a/my-branch"): True,
    (("main", "releases/mona-the-octocat"), "releases/mona-the-octocat"): True,
    (("v2*",), "v2.9"): True,
    (("v2*",), "v1.9"): False,
    (("v[12].[0-9]+.[0-9]+",), "v1.10.1"): True,
    (("v[12].[0-9]+.[0-9]+",), "v3.10.1"): False,
    (("*.jsx?",), "page.js"): True,
    (("*.jsx?",), "page.jsx"): True,
    # What it says in words.
    (("releases/**", "!releases/**-alpha"), "releases/10-alpha"): False,
    (("releases/**", "!releases/**-alpha", "releases/9-alpha"), "releases/9-alpha"): True,
    (("!v1",), "v2"): False,
    ((), "v1"): False,
    (("v1.0",), "v1x0"): False,
    (("\\*",), "*"): True,
    (("?v", "+v"), "?v"): True,
    (("[^v]1",), "^1"): True,
}
"""Whether patterns choose a name."""


def test_pattern_means_what_github_says() -> None:
    assert {(patterns, ref): ref_matches(patterns, ref) for patterns, ref in CHOSEN} == CHOSEN


@given(st.lists(st.text("v1.*?+[]!^-\\/()|{}$", max_size=8), max_size=3), st.text(max_size=8))
def test_no_pattern_ends_in_a_traceback(patterns: list[str], ref: str) -> None:
    assert ref_matches(patterns, ref) in {True, False}


@given(st.text(st.characters(whitelist_categories=["L", "N"], whitelist_characters="-./_"), min_size=1))
def test_name_without_signs_chooses_itself_alone(name: str) -> None:
    assert ref_matches([name], name)
    assert not ref_matches([name], f"{name}x")
