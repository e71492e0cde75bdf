"""The commands of a shell script, read as words: nothing is run, and what only a shell can decide is unknown.

POSIX, "Shell Command Language", with the parts of bash that workflows use. Comments, quoted text, patterns and the
bodies of here-documents are no commands. An expression of GitHub (``${{ … }}``) is a part of a word.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from seatrial.ci.expressions import Answer, all_of


@dataclass(frozen=True)
class ShellCommand:
    """A simple command.

    ``words``: without quotes, with expansions (``$NAME``) as they are written; ``variables``: the assignments before
    it; ``files``: those that its output is written to; ``runs``: whether it runs if no command before it fails;
    ``is_plain``: whether no loop, condition, function or other command surrounds it; ``subshell``: the names of the
    subshells around it, the outermost first; ``line``: the line that it begins in, which does not count when commands
    are compared.
    """

    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    runs: Answer = Answer.YES
    is_plain: bool = True
    subshell: tuple[str, ...] = ()
    line: str = field(default="", compare=False)

    def surrounding(self, inner: ShellCommand, *subshell: str) -> ShellCommand:
        """Return a command that this one runs, in a subshell or in its own shell."""
        return replace(
            inner,
            line=inner.line if "\n" in (subshell or "\n")[-1] else self.line,
            runs=all_of((inner.runs, self.runs)),
            is_plain=False,
            subshell=(*self.subshell, *subshell, *inner.subshell),
        )


@dataclass(frozen=True)
class Statement:
    """The text of a line, or of the lines of a block, and the commands in it."""

    text: str
    commands: tuple[ShellCommand, ...] = ()
    is_readable: bool = True


@functools.lru_cache(maxsize=512)
def read_script(text: str) -> tuple[Statement, ...]:
    """Return the statements of a script."""
    return tuple(_Reader(text, _tokens(text)).statements())


def commands_in(text: str) -> tuple[ShellCommand, ...]:
    """Return the commands of a script."""
    return tuple(command for statement in read_script(text) for command in statement.commands)


TICKS = r"`[^`]*`"
EXPRESSION = r"\$\{\{(?:'[^']*'|[^'}]|\}(?!\}))*\}\}"
QUOTED = r"'[^']*'|\"(?:[^\"\\]|\\.)*\""
INNERMOST = rf"\((?:[^()'\"\\]|\\.|{QUOTED})*\)"
NESTED = rf"\((?:[^()'\"\\]|\\.|{QUOTED}|{INNERMOST})*\)"
PARENTHESES = rf"\((?:[^()'\"\\]|\\.|{QUOTED}|{NESTED})*\)"
"""What is in parentheses, some more of them included; each sign has one way to be read, so the time is linear."""

BLANK = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
COMMENT = re.compile(r"#[^\n]*")
REDIRECTION = re.compile(r"(?:\d*|\{\w+\})(?:<<<|<<-|<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\())|&>>|&>")
OPERATOR = re.compile(r"\n|;;&|;;|;&|&&|\|\||\|&|[;&|()]")
PIECE = re.compile(
    rf"(?P<verbatim>{EXPRESSION}|[$<>]{PARENTHESES}|{TICKS})"
    r"|\$?'(?P<single>[^']*)'"
    rf"|\"(?P<double>(?:[^\"\\$`]|\\.|{EXPRESSION}|\${PARENTHESES}|\$(?!\(|\{{\{{)|{TICKS})*)\""
    r"|\\(?P<escaped>.)"
    r"|(?P<plain>\$\{(?!\{)[^}]*\}|\$(?![({'\"])|[^\s'\"\\$`;&|()<>]+)",
    re.DOTALL,
)
"""What words are made of."""

SUBSTITUTION = re.compile(
    rf"\$\((?!\()(?P<script>(?:[^()'\"\\]|\\.|{QUOTED}|{NESTED})*)\)|`(?P<ticks>[^`]*)`", re.DOTALL
)
ESCAPED = re.compile(r"\\(?:([\"\\$`])|\n)")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)


@dataclass(frozen=True)
class _Token:
    """``kind``: word, redirection, operator, end, or broken; ``scripts``: those of its substitutions."""

    kind: str
    value: str
    begin: int
    end: int
    is_quoted: bool = False
    scripts: tuple[str, ...] = ()


def _tokens(text: str) -> list[_Token]:
    """Return the tokens of a script, up to what can't be read."""
    tokens: list[_Token] = []
    documents: list[tuple[str, bool]] = []
    at = 0
    while True:
        blank = BLANK.match(text, at)
        at = blank.end() if blank else at
        comment = COMMENT.match(text, at)
        if comment:
            at = comment.end()
            continue
        if at >= len(text):
            return [*tokens, _Token("end", "", at, at)]
        redirection, operator = REDIRECTION.match(text, at), OPERATOR.match(text, at)
        if redirection:
            token = _Token("redirection", redirection[0].lstrip("0123456789"), at, redirection.end())
        elif operator:
            token = _Token("operator", operator[0], at, operator.end())
        else:
            token = _word(text, at)
        if tokens and tokens[-1].value in {"<<", "<<-"} and tokens[-1].kind == "redirection":
            documents.append((token.value, tokens[-1].value == "<<-"))
        if token.kind == "operator" and token.value == "\n" and documents:
            token = replace(token, end=_after_documents(text, token.end, documents))
            documents = []
        tokens.append(token)
        at = token.end
        if token.kind == "broken":
            return tokens


def _word(text: str, begin: int) -> _Token:
    parts: list[str] = []
    scripts: list[str] = []
    at, is_quoted = begin, False
    while True:
        piece = PIECE.match(text, at)
        if piece is None:
            break
        if piece["double"] is not None:
            parts.append(ESCAPED.sub(r"\1", piece["double"]))
        else:
            parts.append(next(part for part in piece.groups() if part is not None).replace("\\\n", ""))
        if piece["double"] is not None or piece["verbatim"] is not None:
            inside = SUBSTITUTION.finditer(re.sub(EXPRESSION, "", piece[0]))
            scripts += [match["script"] or match["ticks"] or "" for match in inside]
        is_quoted = is_quoted or piece["plain"] is None
        at = piece.end()
    kind = "word" if at > begin and (at >= len(text) or text[at] in " \t\r\n;&|()<>\\") else "broken"
    return _Token(kind, "".join(parts), begin, at, is_quoted, tuple(scripts))


def _after_documents(text: str, at: int, documents: list[tuple[str, bool]]) -> int:
    """Return the place after the here-documents that the line before has named."""
    for end_word, may_be_indented in documents:
        while at < len(text):
            end = text.find("\n", at)
            line = text[at:end] if end >= 0 else text[at:]
            at += len(line) + 1
            if (line.lstrip("\t") if may_be_indented else line).rstrip("\r") == end_word:
                break
    return min(at, len(text))


TESTS = frozenset(("[", "[[", "test", "grep", "cmp", "diff", "command", "which", "type", "false"))
"""The commands whose failure is an answer and no mistake."""

BLOCKS = {"if": "fi", "while": "done", "until": "done", "for": "done", "select": "done", "case": "esac", "{": "}"}
"""The words that begin a block, and those that end it."""

ENDS = frozenset(BLOCKS.values())
BETWEEN = frozenset(("then", "else", "elif", "do"))
WRITING = frozenset((">", ">>", ">|", "&>", "&>>"))
DEEPEST = 20
"""How deep a block or a substitution may be in another."""

MOST_COMMANDS = 1000
"""How many commands of a function are read: one that calls itself twice has no end."""


class ScriptUnreadableError(ValueError):
    """A quote, a parenthesis or a block has no end."""


@dataclass(frozen=True)
class _Block:
    """A block that has not ended: the word that ends it, whether it runs, the function whose body it is, its place."""

    end: str
    runs: Answer
    function: str | None = None
    place: int = 0


@dataclass
class _Reader:
    """Reads tokens from the first to the last.

    ``goes_on``: whether no exit has ended the script; ``words``, ``files``, ``runs``: those of the command that is
    read; ``is_test``: whether it is a question; ``joins``: whether the next command belongs to it, in whatever line.
    """

    text: str
    tokens: list[_Token]
    depth: int = 0
    at: int = 0
    blocks: list[_Block] = field(default_factory=list)
    functions: dict[str, list[ShellCommand]] = field(default_factory=dict)
    defined: str | None = None
    goes_on: Answer = Answer.YES
    words: list[_Token] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    runs: Answer = Answer.YES
    is_test: bool = False
    joins: bool = False

    def statements(self) -> Iterator[Statement]:
        """Yield the statements: what ends with a line, and is in no block that goes on."""
        while self._peek().kind != "end":
            begin = self._peek().begin
            if self._peek().value == "\n":
                self._next()
                continue
            try:
                commands = tuple(self._statement())
            except ScriptUnreadableError:
                # What comes after it may mean anything.
                yield Statement(self.text[begin:].strip(), is_readable=False)
                return
            last, line_end = self.tokens[self.at - 2 : self.at]
            has_documents = line_end.end > line_end.begin + 1
            yield Statement(self.text[begin : line_end.end if has_documents else last.end].strip(), commands)

    def _peek(self) -> _Token:
        return self.tokens[min(self.at, len(self.tokens) - 1)]

    def _next(self) -> _Token:
        token = self._peek()
        # A script that ends where a word has to follow, such as the name of a function, reads its end twice.
        if token.kind == "broken" or self.at >= len(self.tokens):
            raise ScriptUnreadableError
        self.at += 1
        return token

    def _skip_past(self, *values: str) -> None:
        while True:
            token = self._next()
            if token.kind == "end":
                raise ScriptUnreadableError
            if token.value in values:
                return

    def _statement(self) -> Iterator[ShellCommand]:
        self.words, self.files = [], []
        self.runs, self.is_test, self.joins = Answer.YES, False, False
        while True:
            token = self._next()
            if token.kind == "redirection":
                self.files += self._redirection(token.value)
            elif token.kind == "word":
                self._word(token)
            elif token.value == "(":
                self._open_parenthesis()
            elif token.value != "\n" or self.words or self.files or not self.joins:
                yield from self._finished()
                self._separate(token.value)
                if token.kind == "end" and self.blocks:
                    raise ScriptUnreadableError
                if token.kind == "end" or (token.value == "\n" and not self.blocks):
                    return

    def _word(self, token: _Token) -> None:
        """Read a word: a part of a command, or one that begins, divides or ends a block."""
        word = token.value
        if self.words or token.is_quoted or not self._is_keyword(word):
            self.words.append(token)
            if word == "[[" and not self.words[1:]:
                self._skip_past("]]")
        else:
            self.is_test = word == "!" or word in ENDS - {"}"}
            self.runs = self.runs if word == "!" else self._level()

    def _separate(self, sign: str) -> None:
        """Read what ends a command: what comes after it runs, or it may not."""
        self.joins = sign in {"&&", "||", "|", "|&"}
        if sign == ")":
            self._close(")")
        elif not self.joins:
            self.runs, self.is_test = self._level(), False
        elif sign == "||" or (sign == "&&" and self.is_test):
            self.runs, self.is_test = all_of((self.runs, Answer.UNKNOWN)), False
        if sign in {";;", ";&", ";;&"}:
            self._skip_pattern()

    def _level(self) -> Answer:
        return self.blocks[-1].runs if self.blocks else Answer.YES

    def _is_keyword(self, word: str) -> bool:
        """Whether a word begins, divides or ends a block, which it then does."""
        if word in BLOCKS:
            self._open(BLOCKS[word], self.runs if word == "{" else all_of((self.runs, Answer.UNKNOWN)))
            if word in {"for", "select"}:
                self._skip_past("do", "\n", ";")
            elif word == "case":
                self._skip_past("in")
                self._skip_pattern()
        elif word in ENDS:
            self._close(word)
        elif word == "function":
            self.defined = self._next().value
            while self._peek().value in {"(", ")", "\n"}:
                self._next()
        return word in BLOCKS or word in ENDS or word in BETWEEN or word in {"function", "!"}

    def _open(self, end: str, runs: Answer) -> None:
        function, self.defined = self.defined, None
        self.blocks.append(_Block(end, Answer.YES if function else runs, function, self.at))
        if len(self.blocks) > DEEPEST:
            raise ScriptUnreadableError

    def _close(self, end: str) -> None:
        if not self.blocks or self.blocks.pop().end != end:
            raise ScriptUnreadableError

    def _open_parenthesis(self) -> None:
        """Read a parenthesis: after a word, it defines a function or an array; else it begins a subshell."""
        if not self.words:
            self._open(")", self.runs)
            self.runs = self._level()
        elif self.words[-1].value.endswith("="):
            self._skip_past(")")
        elif self.words[1:] or self._next().value != ")":
            raise ScriptUnreadableError
        else:
            self.defined = self.words.pop().value
            while self._peek().value == "\n":
                self._next()

    def _skip_pattern(self) -> None:
        """Skip the pattern of a case, or what is before its end."""
        while self._peek().value in {"\n", ";"}:
            self._next()
        if self._peek().value != "esac":
            self._skip_past(")")

    def _redirection(self, sign: str) -> list[str]:
        target = self._next()
        if target.kind != "word":
            raise ScriptUnreadableError
        return [target.value] if sign in WRITING else []

    def _finished(self) -> Iterator[ShellCommand]:
        """Yield a command, with what its substitutions and its function run, or keep it as a part of a function."""
        words, files, runs = self.words, tuple(self.files), all_of((self.runs, self.goes_on))
        self.is_test = self.is_test or (words[:1] != [] and words[0].value in TESTS)
        self.words, self.files = [], []
        if not words and not files:
            return
        values = [word.value for word in words]
        variables = []
        while values and (assignment := ASSIGNMENT.fullmatch(values[0])):
            variables.append((assignment[1], assignment[2]))
            del values[0]
        is_plain = all(block.end in {"}", ")"} and not block.function for block in self.blocks)
        subshell = tuple(str(block.place) for block in self.blocks if block.end == ")")
        line = self._line_at(words[0].begin if words else self.tokens[self.at - 1].begin)
        command = ShellCommand(tuple(values), tuple(variables), files, runs, is_plain, subshell, line)
        surrounded = [
            command.surrounding(inner, script)
            for word in words
            for script in word.scripts
            for inner in self._substituted(script)
        ]
        called = self.functions.get(command.words[0], []) if command.words else []
        surrounded += [command.surrounding(inner) for inner in called]
        function = next((block.function for block in self.blocks if block.function), None)
        if function:
            body = self.functions.setdefault(function, [])
            body += (*surrounded, command)
            if len(body) > MOST_COMMANDS:
                raise ScriptUnreadableError
            return
        yield from (*surrounded, command)
        # A script that ends under a condition, and well, may not run what comes after.
        if command.words[:1] in {("exit",), ("return",)} and command.words[1:2] in {(), ("0",)}:
            self.goes_on = Answer.NO if runs is Answer.YES else Answer.UNKNOWN

    def _line_at(self, place: int) -> str:
        """Return the line with a place in the script, its blanks single."""
        starts, lines = self._lines
        return lines[bisect.bisect(starts, place) - 1]

    @functools.cached_property
    def _lines(self) -> tuple[list[int], list[str]]:
        """Where the lines of the script begin, and the lines."""
        lines = self.text.split("\n")
        starts = list(itertools.accumulate((len(line) + 1 for line in lines), initial=0))
        return starts[:-1], [" ".join(line.split()) for line in lines]

    def _substituted(self, script: str) -> Iterator[ShellCommand]:
        if self.depth >= DEEPEST:
            raise ScriptUnreadableError
        reader = _Reader(script, _tokens(script), self.depth + 1)
        for statement in reader.statements():
            yield from statement.commands
