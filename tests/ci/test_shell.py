"""A shell script is read as commands, without quoted text, comments and here-documents."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seatrial.ci.expressions import Answer
from seatrial.ci.shell import ShellCommand, Statement, commands_in, read_script

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("twine upload dist/* # a word", [("twine", "upload", "dist/*")]),
        ("# twine upload", []),
        ("a#b c", [("a#b", "c")]),
        ("echo 'twine upload' \"x y\" a\\ b $'c'", [("echo", "twine upload", "x y", "a b", "c")]),
        ("a \\\n  b\nc", [("a", "b"), ("c",)]),
        ("a; b & c\n\nd", [("a",), ("b",), ("c",), ("d",)]),
        ("a | b |& c", [("a",), ("b",), ("c",)]),
        ("cat <<END\ntwine upload\nEND\na", [("cat",), ("a",)]),
        ("cat <<-'END' | b\n\ttwine\n\tEND\na", [("cat",), ("b",), ("a",)]),
        ("cat <<A <<B\n1\nA\n2\nB\na", [("cat",), ("a",)]),
        ("cat <<< 'twine upload'", [("cat",)]),
        ("x=$(twine upload a | b)", [("twine", "upload", "a"), ("b",), ()]),
        ('echo "a $(twine upload "x") b"', [("twine", "upload", "x"), ("echo", 'a $(twine upload "x") b')]),
        ("echo `twine upload`", [("twine", "upload"), ("echo", "`twine upload`")]),
        ("echo '$(twine upload)'", [("echo", "$(twine upload)")]),
        ("a $((1 + (2))) ${B:-c} $? $D", [("a", "$((1 + (2)))", "${B:-c}", "$?", "$D")]),
        ("a --x=${{ vars.X || 'b c' }} d", [("a", "--x=${{ vars.X || 'b c' }}", "d")]),
        ('a "${{ matrix.x }}"', [("a", "${{ matrix.x }}")]),
        ("a < x > y 2>&1 b", [("a", "b")]),
        ("diff <(a) >(b)", [("diff", "<(a)", ">(b)")]),
        ("[[ $a == b && ( c == d ) ]] && e", [("[[",), ("e",)]),
        ("args=(a b); c", [(), ("c",)]),
        ("(cd x; a)", [("cd", "x"), ("a",)]),
        ("{ a; b; } > c", [("a",), ("b",), ()]),
        ("if a; then b; elif c; then d; else e; fi", [("a",), ("b",), ("c",), ("d",), ("e",)]),
        ("for x in b c; do d $x; done", [("d", "$x")]),
        ("for x\ndo\n  d\ndone", [("d",)]),
        ("while a; do b; done < c", [("a",), ("b",)]),
        ("case $x in\n  a|b) c ;;\n  (d) e;;\n  *) f\nesac", [("c",), ("e",), ("f",)]),
        ("case $x in a) b;; esac; c", [("b",), ("c",)]),
        ("f() {\n  a\n}\nf; f", [("a",), ("f",), ("a",), ("f",)]),
        ("function f { a; }\nf", [("a",), ("f",)]),
        ("f() { a; }", []),
        ("a &&\n\n  b", [("a",), ("b",)]),
        ("! a", [("a",)]),
        ("echo if then fi", [("echo", "if", "then", "fi")]),
        ("a\r\nb\r\n", [("a",), ("b",)]),
    ],
)
def test_commands_are_their_words(script: str, words: list[tuple[str, ...]]) -> None:
    assert [command.words for command in commands_in(script)] == words


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("A=b C=d twine", ShellCommand(("twine",), (("A", "b"), ("C", "d")))),
        ("env A=b", ShellCommand(("env", "A=b"))),
        ("a > x >> y 2> z", ShellCommand(("a",), files=("x", "y", "z"))),
        ("cat > ~/.pypirc <<X\n[pypi]\nX", ShellCommand(("cat",), files=("~/.pypirc",))),
        ("a && b", ShellCommand(("b",))),
        ("a || b", ShellCommand(("b",), runs=UNKNOWN)),
        ("[ x ] && b", ShellCommand(("b",), runs=UNKNOWN)),
        ("! a && b", ShellCommand(("b",), runs=UNKNOWN)),
        ("[[ x ]]; b", ShellCommand(("b",))),
        ("[ x ] && a\nb", ShellCommand(("b",))),
        ("if a; then b; fi", ShellCommand(("b",), runs=UNKNOWN, is_plain=False)),
        ("if a; then b; fi; c", ShellCommand(("c",))),
        ("if a; then b; fi && c", ShellCommand(("c",), runs=UNKNOWN)),
        ("case a in b) c;; esac\nd", ShellCommand(("d",))),
        ("{ a; }", ShellCommand(("a",))),
        ("( a )", ShellCommand(("a",), subshell=("1",))),
        ("( a; (b) )", ShellCommand(("b",), subshell=("1", "4"))),
        ("(if a; then b; fi)", ShellCommand(("b",), runs=UNKNOWN, is_plain=False, subshell=("1",))),
        ("[ x ] && { a; b; }", ShellCommand(("b",), runs=UNKNOWN)),
        ("exit 0; a", ShellCommand(("a",), runs=NO)),
        ("exit 1; a", ShellCommand(("a",))),
        ("if x; then exit; fi\na", ShellCommand(("a",), runs=UNKNOWN)),
        ("if x; then exit 1; fi\na", ShellCommand(("a",))),
    ],
)
def test_command_runs_or_not_or_is_unknown(script: str, command: ShellCommand) -> None:
    assert commands_in(script)[-1] == command


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("a\nif b; then\n  c\nfi\nd", ["a", "if b; then\n  c\nfi", "d"]),
        ("a && b; c\nd", ["a && b; c", "d"]),
        ("cat <<X\n1\nX\na", ["cat <<X\n1\nX", "a"]),
        ("f() {\n  a\n}\nf", ["f() {\n  a\n}", "f"]),
        ("", []),
        ("\n # x\n", []),
        ("a # x\n# y\nb # z", ["a", "b"]),
        ("cat <<X # y", ["cat <<X"]),
    ],
)
def test_statements_are_lines_and_blocks(script: str, statements: list[str]) -> None:
    assert [statement.text for statement in read_script(script)] == statements


@pytest.mark.parametrize(
    "text", ["echo 'b", 'echo "b', "a $(b", "if a; then b", "done", "a; }", "a)", "a b (c)", "a > ", "a >\n"]
)
def test_unreadable_text_is_one_statement_without_commands(text: str) -> None:
    first, last = read_script(f"a\n{text}\ntwine upload\n")
    assert first == Statement("a", (ShellCommand(("a",)),))
    assert last == Statement(f"{text}\ntwine upload", is_readable=False)


def test_function_that_grows_without_end_is_not_read() -> None:
    script = "f() {\n" + "f\n" * 30 + "}\nf\n"
    assert not read_script(script)[-1].is_readable


WORDS = ("a", "'", '"', "$(", ")", "(", "`", "{", "}", "if", "then", "fi", "case", "in", "esac", "for", "do", "done")
SIGNS = (
    " ",
    "\n",
    ";",
    "&&",
    "||",
    "|",
    "<<X",
    "\nX\n",
    ">",
    "$",
    "\\",
    "${{",
    "}}",
    "#",
    "=",
    "function",
    "[[",
    "]]",
    "!",
)


@given(st.lists(st.sampled_from((*WORDS, *SIGNS)), max_size=25).map("".join))
@example("function")
@example('echo "$()"')
def test_no_script_ends_in_a_traceback(script: str) -> None:
    assert all(isinstance(statement, Statement) for statement in read_script(script))


LENGTH = 50_000
"""Signs of a line; where time grows with the square of it, the end is not to be waited for."""


@pytest.mark.parametrize(
    "word", ["uv ", "$(", "$(a ", "${{ ", "'a' ", '"a" ', '"', '"$(a)" ', "`a` ", "(", "a\n", "<<X\n"]
)
def test_long_script_is_read(word: str) -> None:
    assert read_script(word * (LENGTH // len(word)))
