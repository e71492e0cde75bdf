"""Expressions are evaluated as GitHub does, and what is not known is unknown: it is neither true nor false."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.ci.expressions import (
    Answer,
    Context,
    Partial,
    all_of,
    any_of,
    condition_holds,
    interpolated,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("answers", "all_", "any_"),
    [
        ((), YES, NO),
        ((YES, YES), YES, YES),
        ((YES, NO), NO, YES),
        ((YES, UNKNOWN), UNKNOWN, YES),
        ((NO, UNKNOWN), NO, UNKNOWN),
        ((UNKNOWN,), UNKNOWN, UNKNOWN),
    ],
)
def test_answers_are_joined(answers: tuple[Answer, ...], all_: Answer, any_: Answer) -> None:
    assert (all_of(answers), any_of(answers)) == (all_, any_)


GITHUB = Partial(
    {
        "event_name": "push",
        "ref": "refs/tags/v1.3.0",
        "ref_name": "v1.3.0",
        "ref_type": "tag",
        "repository": "acme/tidepool",
        "event": Partial({"action": None}),
    }
)
CONTEXT = Context({"github": GITHUB, "needs": {"tag": {"result": "skipped"}}, "inputs": Partial()})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, YES),
        ("", YES),
        ("github.event_name == 'push'", YES),
        ("contains(github.event.action.labels.*.name, 'docs')", NO),
        ("contains(github.event.labels.*.name, 'docs')", UNKNOWN),
        ("${{ github.event_name == 'PUSH' }}", YES),
        ("github.event_name == 'workflow_dispatch'", NO),
        ("github.event_name != 'workflow_dispatch'", YES),
        ("'schedule' == github.event_name", NO),
        ("github['event_name'] == 'push'", YES),
        ("github.ref == 'refs/heads/main'", NO),
        ("github.ref_type == 'tag' && github.repository == 'acme/tidepool'", YES),
        ("github.repository == 'somebody/else'", NO),
        ("startsWith(github.ref, 'refs/tags/')", YES),
        ("StartsWith( github.ref , 'REFS/heads/' )", NO),
        ("!startsWith(github.ref, 'refs/tags/')", NO),
        ("!(startsWith(github.ref, 'refs/tags/'))", NO),
        ("contains(github.ref, 'rc')", NO),
        ('contains(fromJSON(\'["push", "release"]\'), github.event_name)', YES),
        ("contains(fromJSON('[\"release\"]'), github.event_name)", NO),
        ("endsWith(github.ref_name, '.0')", YES),
        ("github.ref == format('refs/tags/{0}', github.ref_name)", YES),
        ("format('{{{0}}} {1}', 'a', 2) == '{a} 2'", YES),
        ("format('{1}', 'a') == 'a'", UNKNOWN),
        ("format('{0}', inputs.other) == 'a'", UNKNOWN),
        ("join(fromJSON('[\"a\", \"b\"]'), '-') == 'a-b'", YES),
        ("join('a') == 'a'", YES),
        ("(github.event_name == 'push')", YES),
        ("needs.tag.result == 'success' || needs.tag.result == 'skipped'", YES),
        ("needs.other.result == 'success'", NO),
        ("contains(needs.*.result, 'skipped')", YES),
        ("contains(needs.*.result, 'failure')", NO),
        ("contains(needs.*.outputs, 'failure')", NO),
        ("contains(fromJSON('[{\"name\": \"docs\"}]').*.name, 'docs')", YES),
        ("contains(github.*.name, 'docs')", UNKNOWN),
        ("false", NO),
        ("null", NO),
        ("0", NO),
        ("-1.5e3", YES),
        ("0x10 == 16", YES),
        ("'a''b' == 'A''B'", YES),
        ("true == 1 && '' == 0 && null == false", YES),
        ("'x' == 0", NO),
        ("1 < 2 && 2 >= 2 && !(3 <= 2) && 'a' < 'b' && 2 > 1", YES),
        ("github.event_name == 'release' || github.ref_type == 'tag'", YES),
        ("github.event.action == 'published'", NO),
        ("github.event.release.prerelease", UNKNOWN),
        ("github.actor == 'somebody'", UNKNOWN),
        ("vars.PUBLISH == 'true'", UNKNOWN),
        ("inputs.deploy", UNKNOWN),
        ("!inputs.deploy", UNKNOWN),
        ("inputs.deploy && github.event_name == 'workflow_dispatch'", NO),
        ("inputs.deploy || github.event_name == 'push'", YES),
        ("(inputs.a || inputs.b) && github.event_name == 'push'", UNKNOWN),
        ("github.event_name == 'push' && (inputs.a || github.ref_type == 'tag')", YES),
        ("github.ref_name == 'a || b'", NO),
        ("contains(github.event.head_commit.message, 'x')", UNKNOWN),
        ("github.event.labels.*.name", UNKNOWN),
        ("hashFiles('a')", UNKNOWN),
        ("toJSON(inputs) == '{}'", UNKNOWN),
        ("fromJSON('[')", UNKNOWN),
        ("fromJSON('[1]')[0]", UNKNOWN),
        ("github.ref_type = 'tag'", UNKNOWN),
        ("github. == 'x'", UNKNOWN),
        ("(((", UNKNOWN),
        ("a b", UNKNOWN),
        ("contains('a'", UNKNOWN),
        ("x[1", UNKNOWN),
    ],
)
def test_condition_is_true_false_or_unknown_for_the_tag(condition: str | None, expected: Answer) -> None:
    assert condition_holds(condition, CONTEXT) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("${{ github.ref_type == 'tag' }} && ${{ inputs.x }}", YES),
        ("${{ false }}\n", YES),
        ("github.ref_type == 'branch'\n", NO),
        ("${{ github.ref_type == 'branch' }}", NO),
    ],
)
def test_text_around_an_expression_makes_it_true(condition: str, expected: Answer) -> None:
    """GitHub fills a text that is more than one expression, and a text that is not empty is true."""
    assert condition_holds(condition, CONTEXT) is expected


@pytest.mark.parametrize(
    ("condition", "succeeded", "expected"),
    [
        (None, NO, NO),
        (None, UNKNOWN, UNKNOWN),
        ("github.event_name == 'push'", NO, NO),
        ("github.event_name == 'release'", UNKNOWN, NO),
        ("always()", NO, YES),
        ("!cancelled()", NO, YES),
        ("!failure() && !cancelled()", NO, YES),
        ("failure()", YES, NO),
        ("failure() || cancelled()", YES, NO),
        ("success()", NO, NO),
        ("success()", UNKNOWN, UNKNOWN),
        ("success() || github.event_name == 'push'", NO, YES),
        ("always() && github.event_name == 'release'", NO, NO),
        ("${{ always() }} x", NO, YES),
        ("${{ true }} x", NO, NO),
    ],
)
def test_condition_wants_success_unless_it_names_a_status_function(
    condition: str | None, succeeded: Answer, expected: Answer
) -> None:
    assert condition_holds(condition, Context(CONTEXT.values, succeeded)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${{ github.ref_name }}-${{ 1 }}-${{ 1.5 }}-${{ true }}-${{ null }}", "v1.3.0-1-1.5-true-"),
        ("${{ inputs.target || 'pypi' }}", None),
        ("${{ startsWith(github.ref, 'refs/tags/') && 'pypi' || 'testpypi' }}", "pypi"),
        ("a ${{ vars.X }}", None),
        ("${{ fromJSON('{}') }}", None),
        ("${{ '}}' }}", "}}"),
    ],
)
def test_text_is_filled_with_known_values(text: str, expected: str | None) -> None:
    assert interpolated(text, CONTEXT) == expected


SIGNS = st.text(alphabet=st.sampled_from("githubrefnameXY.()[]!&|=<>'\"0129, ${}*"), max_size=40)


@given(SIGNS)
def test_no_expression_ends_in_a_traceback(text: str) -> None:
    assert condition_holds(text, CONTEXT) in Answer
    assert condition_holds(f"${{{{ {text} }}}}", CONTEXT) in Answer
    assert isinstance(interpolated(text, CONTEXT), (str, type(None)))


def test_deep_expression_is_unknown() -> None:
    deep = ("(" * 5000 + "true" + ")" * 5000, "!" * 5000 + "true", "github" + ".a" * 5000)
    assert [condition_holds(text, CONTEXT) for text in deep] == [UNKNOWN, UNKNOWN, UNKNOWN]
