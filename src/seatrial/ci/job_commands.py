"""What the commands of a CI job do, judged by their words: which sessions they run, whether they build or upload."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from seatrial.ci.expressions import Answer
from seatrial.ci.shell import ShellCommand, commands_in, read_script
from seatrial.project.nox_sessions import NoxCall

TOP = "."
"""The top of the repository, as a folder."""


@dataclass(frozen=True)
class Program:
    """What a command runs, without what starts it (``uv run``, ``python -m``, ``sudo`` and the like).

    ``name``: of the program or the module, or ``python``; ``script``: the file that it runs, of the repository or not;
    ``runner``: what started it, such as ``hatch run``, where that can give names to commands; ``command``: the whole;
    ``folder``: where it runs, seen from where the command is.
    """

    name: str
    args: tuple[str, ...]
    command: ShellCommand
    script: str | None = None
    runner: str | None = None
    folder: str = TOP

    @property
    def words(self) -> tuple[str, ...]:
        """Its name and its arguments."""
        return (self.name, *self.args)


PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)?)?|py")
SHELL = re.compile(r"(?:ba|da|z|k)?sh")
FILE = re.compile(r"[/\\]|.\.(?:sh|bash|py|ps1|bat|cmd|js|mjs|rb|pl)$")
PROGRAM_FOLDER = re.compile(r"(?:^|[/\\])(?:bin|Scripts)[/\\]")

STARTERS: Mapping[str, frozenset[str]] = {
    "sudo": frozenset(("-u", "-g", "--user", "--group")),
    "env": frozenset(("-u", "--unset", "-C", "--chdir")),
    "time": frozenset(),
    "exec": frozenset(("-a",)),
    "command": frozenset(),
    "nohup": frozenset(),
    "nice": frozenset(("-n",)),
    "xargs": frozenset(("-n", "-I", "-P", "-L", "-d", "-a", "-s")),
    "timeout": frozenset(("-s", "-k", "--signal", "--kill-after")),
    "xvfb-run": frozenset(("-s", "--server-args", "-n", "-e", "-f")),
    "uvx": frozenset(
        (
            *("--from", "--with", "--with-editable", "--with-requirements", "--python", "-p", "--index", "-c"),
            *("--default-index", "--index-url", "--extra-index-url", "--directory", "--project", "--env-file"),
            "--constraints",
        )
    ),
}
"""Programs whose arguments are another command, with their options that have a value."""

RUNNERS: Mapping[tuple[str, ...], frozenset[str]] = {
    ("uv", "run"): STARTERS["uvx"]
    | frozenset(("--group", "--extra", "--no-group", "--only-group", "--package", "--no-extra")),
    ("uv", "tool", "run"): STARTERS["uvx"],
    ("pipx", "run"): frozenset(("--spec", "--python", "--pip-args", "--with", "--index-url", "-i")),
    ("poetry", "run"): frozenset(("-C", "--directory", "-P", "--project")),
    ("pdm", "run"): frozenset(("-p", "--project", "--venv")),
    ("hatch", "run"): frozenset(("-e", "--env", "--include", "-i", "--exclude", "-x", "--filter", "-f")),
    ("hatch", "env", "run"): frozenset(("-e", "--env", "-i", "--include", "-x", "--exclude", "-f", "--filter")),
    ("pipenv", "run"): frozenset(),
    ("rye", "run"): frozenset(("--pyproject",)),
    ("pixi", "run"): frozenset(("-e", "--environment", "--manifest-path")),
    ("conda", "run"): frozenset(("-n", "--name", "-p", "--prefix")),
    ("mamba", "run"): frozenset(("-n", "--name", "-p", "--prefix")),
    ("micromamba", "run"): frozenset(("-n", "--name", "-p", "--prefix")),
}
"""The same, for a command of a program."""

FOLDER_OPTIONS = ("-C", "--chdir", "--directory", "--cwd")
"""The options of starters and runners that name the folder in which a program runs."""

NAMING_RUNNERS = frozenset(("hatch", "pdm", "poetry", "pixi", "rye", "pipenv", "uv"))
"""The runners for which a project can define commands of any name."""

PYTHON_OPTIONS = frozenset(("-W", "-X", "--check-hash-based-pycs"))
PYTHON_CLUSTER = re.compile(r"-[bBdEhiIOPqRsSuvVx]*([mcWX])(.*)", re.DOTALL)
"""Options of Python in one word, with what follows the last one: ``-Im``, ``-mbuild``, ``-Werror``."""


def programs_in(script: str) -> tuple[Program, ...]:
    """Return what the commands of a script run."""
    return tuple(program for command in commands_in(script) for program in programs_of(command))


def programs_of(command: ShellCommand) -> Iterator[Program]:
    """Yield what a command runs: one program, or those of a script that a shell is given."""
    words = list(command.words)
    runner, folder = None, TOP
    while words and (started := _after_starter(words)) is not None:
        name, skipped = _program_name(words[0]), words[1 : len(words) - len(started)]
        runner = name if name in NAMING_RUNNERS else runner
        if name == "env":
            assigned = (word.partition("=") for word in skipped if re.match(r"[A-Za-z_]\w*=", word))
            variables = (*command.variables, *((variable, value) for variable, _, value in assigned))
            command = replace(command, variables=variables)
        folder = posixpath.join(folder, _option(words[: len(words) - len(started) + 1], FOLDER_OPTIONS) or TOP)
        words = started
    if not words:
        return
    yield from (replace(program, folder=folder) for program in _programs(words, command, runner))


def _programs(words: list[str], command: ShellCommand, runner: str | None) -> Iterator[Program]:
    """Yield what the words of a command run without what starts it."""
    name, args = _program_name(words[0]), words[1:]
    if name in INTERPRETING or (name == "find" and {"-exec", "-execdir"} & set(args)):
        yield Program(name, tuple(args), command)
        for inner in _commands_of(name, args):
            yield from programs_of(command.surrounding(inner))
        return
    cluster = PYTHON_CLUSTER.fullmatch(args[0]) if args and "$" in words[0] else None
    if PYTHON.fullmatch(name) or (cluster and cluster[1] == "m"):
        yield _python_program(args, command)
    elif SHELL.fullmatch(name) and any(word.startswith("-") and "c" in word for word in args[:1]):
        # The first argument that is no option is the script.
        text = next((word for word in args if word[:1] not in {"-", "+"}), "")
        for inner in commands_in(text):
            inside = command.surrounding(inner, text)
            yield from programs_of(replace(inside, variables=(*command.variables, *inner.variables)))
    elif SHELL.fullmatch(name) or name in {"source", "."}:
        script = next((word for word in args if word[:1] not in {"-", "+"}), None)
        yield Program(name, tuple(args), command, script)
    elif FILE.search(words[0]) and not PROGRAM_FOLDER.search(words[0]):
        yield Program(name, tuple(args), command, words[0])
    else:
        yield Program(name, tuple(args), command, runner=runner)


INTERPRETING = frozenset(("eval", "trap"))
"""The commands of a shell whose arguments are a script."""


def _commands_of(name: str, args: list[str]) -> tuple[ShellCommand, ...]:
    """Return the commands that are in the arguments of another one."""
    if name == "find":
        words = args[next(place for place, word in enumerate(args) if word in {"-exec", "-execdir"}) + 1 :]
        end = next((place for place, word in enumerate(words) if word in {";", "+"}), len(words))
        return (ShellCommand(tuple(words[:end])),) if words[:end] else ()
    return commands_in(" ".join(args) if name == "eval" else next(iter(args), ""))


def _program_name(word: str) -> str:
    """Return the name of a program without its folder, version and extras: ``twine`` for ``.venv/bin/twine@6``."""
    name = re.split(r"[/\\]", word)[-1]
    name = name[:-4] if name.lower().endswith(".exe") else name
    return re.split(r"@|\[|==", name)[0] or name


def _after_starter(words: list[str]) -> list[str] | None:
    """Return the command that follows one which starts others; None for another."""
    name = _program_name(words[0])
    for starter, options in STARTERS.items():
        if name == starter:
            started = _skip_options(words[1:], options)
            skipped = {"env": lambda word: "=" in word, "timeout": lambda word: bool(re.fullmatch(r"[\d.]+\w?", word))}
            while started and name in skipped and skipped[name](started[0]):
                started = started[1:]
            return started
    for runner, options in RUNNERS.items():
        if name == runner[0]:
            started = _skip_options(words[1:], TOOLS[name].before if name in TOOLS else frozenset())
            if tuple(started[: len(runner) - 1]) == runner[1:]:
                inner = started[len(runner) - 1 :]
                module = next((place for place, word in enumerate(inner) if word in {"-m", "--module"}), None)
                if module is not None and all(word.startswith("-") for word in inner[:module]):
                    return ["python", "-m", *inner[module + 1 :]]
                inner = _skip_options(inner, options)
                if name == "hatch":
                    # The Pythons and variables of a matrix: "+py=3.12".
                    inner = inner[next((at for at, word in enumerate(inner) if word[:1] not in "+-"), 0) :]
                # hatch names an environment before its command.
                return [inner[0].rpartition(":")[2], *inner[1:]] if inner and name == "hatch" else inner
    return None


def _skip_options(words: list[str], with_value: frozenset[str]) -> list[str]:
    """Return words from the first one that is neither an option nor its value."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        if words[at] == "--":
            return words[at + 1 :]
        at += 2 if words[at] in with_value else 1
    return words[at:]


def _python_program(args: list[str], command: ShellCommand) -> Program:
    at = 0
    while at < len(args) and args[at].startswith("-") and args[at] != "-":
        cluster = PYTHON_CLUSTER.fullmatch(args[at])
        if cluster and cluster[1] in "mc":
            words = [*filter(None, [cluster[2]]), *args[at + 1 :]]
            if cluster[1] == "m" and words:
                return Program(words[0], tuple(words[1:]), command, runner="python")
            break
        has_value = args[at] in PYTHON_OPTIONS or (cluster is not None and not cluster[2])
        at += 2 if has_value else 1
    script = args[at] if args[at:] and not args[at].startswith("-") else None
    return Program("python", tuple(args[at + 1 :] if script else args[at:]), command, script)


@dataclass
class Folders:
    """Follows the folder in which the programs of a script run, one program after the other.

    Folders are seen from the top of the repository; ``start``: that of the script, None where it is not known.
    """

    start: str | None = TOP
    _of_subshells: dict[tuple[str, ...], str | None] = field(default_factory=dict)
    _left: list[str | None] = field(default_factory=list)

    @classmethod
    def from_text(cls, folder: str | None) -> Folders:
        """Begin in a folder as a file of CI names it, which can be an expression."""
        return cls(None if folder is None else _joined(TOP, folder))

    def of(self, program: Program) -> str | None:
        """Return the folder in which a program runs, None where it is not known."""
        subshell = program.command.subshell
        # What a subshell does to its folder ends with it.
        self._of_subshells = {
            place: folder for place, folder in self._of_subshells.items() if subshell[: len(place)] == place
        }
        around = max(self._of_subshells, key=len, default=None)
        folder = self.start if around is None else self._of_subshells[around]
        if program.name in FOLDER_CHANGERS:
            after = self._changed(folder, program)
            is_certain = program.command.runs is Answer.YES or after == folder
            self._of_subshells[subshell] = after if is_certain else None
        return _joined(folder, program.folder)

    def _changed(self, folder: str | None, program: Program) -> str | None:
        if program.name == "popd":
            return self._left.pop() if self._left else None
        if program.name == "pushd":
            self._left.append(folder)
        target = next((word for word in program.args if not word.startswith("-") and word.lower() != "/d"), "~")
        return _joined(folder, target)


FOLDER_CHANGERS = frozenset(("cd", "chdir", "pushd", "popd", "Set-Location", "sl"))

WORK_TREE = re.compile(r"\$(?:\{?(?:GITHUB_WORKSPACE|CI_PROJECT_DIR)\}?|\{\{\s*github\.workspace\s*\}\})(?=/|$)")
"""What the forges name the top of the checkout."""


def _joined(folder: str | None, target: str) -> str | None:
    """Return a folder seen from another one, None where it is not known or outside."""
    is_from_top = WORK_TREE.match(target)
    if is_from_top:
        folder, target = TOP, target[is_from_top.end() :].lstrip("/") or TOP
    target = re.sub(r"^\$(?:PWD|\{PWD\})(?=/|$)/?", "", target) or TOP
    if folder is None or "$" in target or target.startswith(("/", "~", "-")):
        return None
    return posixpath.normpath(posixpath.join(folder, target))


def sessions_of(script: str, start: str | None = TOP, folder: str = TOP) -> Iterator[str]:
    """Yield the sessions of the project's noxfile that a script names; those in a variable are not known.

    ``start``: where the script runs, ``folder``: where the project is, both seen from the top of the repository.
    """
    folders = Folders.from_text(start)
    for program in programs_in(script):
        if folders.of(program) == folder:
            yield from sessions_named(program)


def sessions_named(program: Program) -> tuple[str, ...]:
    """Return the sessions that a program names with ``nox -s``, none for another noxfile."""
    call = NoxCall.of(program.args) if program.name == "nox" else None
    return tuple(session for session in call.sessions if "$" not in session) if call else ()


BUILD_MODULES = frozenset(("build", "pyproject-build"))
BUILDERS = frozenset(("uv", "hatch", "flit", "pdm", "poetry", "maturin", "rye"))


def builds(program: Program) -> bool:
    """Whether a program builds distributions by other means than a session."""
    if program.name == "python" and program.script and program.script.endswith("setup.py"):
        return bool({"sdist", "bdist_wheel"} & set(program.args))
    if program.name in BUILD_MODULES:
        return True
    return program.name in BUILDERS and _subcommand(program) == "build"


def _subcommand(program: Program) -> str | None:
    words = _skip_options(list(program.args), TOOLS[program.name].before if program.name in TOOLS else frozenset())
    return words[0] if words else None


@dataclass(frozen=True)
class UploadTool:
    """A program that uploads.

    ``commands``: those that do; ``before``: options with a value that can come before them; ``names`` and
    ``addresses``: the options that name an index or its address; ``name_variables`` and ``address_variables``: the
    variables that do; ``credential_options`` and ``credential_variables``: where it takes a password or a token from.
    """

    commands: tuple[str, ...] = ("publish",)
    before: frozenset[str] = frozenset()
    names: tuple[str, ...] = ("-r", "--repository")
    addresses: tuple[str, ...] = ()
    name_variables: tuple[str, ...] = ()
    address_variables: tuple[str, ...] = ()
    credential_options: tuple[str, ...] = ("-p", "--password")
    credential_variables: str = r"TWINE_PASSWORD"


OWN = UploadTool(
    before=frozenset(("--project", "-c", "--collection", "-r", "--search-root", "-f", "--config", "-T")),
    names=("-i", "--index"),
    name_variables=("TWINE_REPOSITORY",),
    address_variables=("TWINE_REPOSITORY_URL",),
    credential_options=(),
)

TOOLS: Mapping[str, UploadTool] = {
    "twine": UploadTool(
        commands=("upload",),
        addresses=("--repository-url",),
        name_variables=("TWINE_REPOSITORY",),
        address_variables=("TWINE_REPOSITORY_URL",),
    ),
    "uv": UploadTool(
        before=frozenset(("--directory", "--project", "--config-file", "--color", "--cache-dir", "--python", "-p")),
        names=("--index",),
        addresses=("--publish-url",),
        name_variables=("UV_PUBLISH_INDEX",),
        address_variables=("UV_PUBLISH_URL",),
        credential_options=("-p", "--password", "-t", "--token"),
        credential_variables=r"UV_PUBLISH_(?:TOKEN|PASSWORD)",
    ),
    "flit": UploadTool(
        before=frozenset(("-f", "--ini-file")),
        names=("--repository",),
        address_variables=("FLIT_INDEX_URL",),
        credential_options=(),
        credential_variables=r"FLIT_PASSWORD",
    ),
    "poetry": UploadTool(
        before=frozenset(("-C", "--directory", "-P", "--project")),
        credential_variables=r"POETRY_PYPI_TOKEN_\w+|POETRY_HTTP_BASIC_\w+_PASSWORD",
    ),
    "pdm": UploadTool(
        before=frozenset(("-c", "--config", "-p", "--project")),
        name_variables=("PDM_PUBLISH_REPO",),
        credential_options=("-P", "--password"),
        credential_variables=r"PDM_PUBLISH_PASSWORD",
    ),
    "hatch": UploadTool(
        before=frozenset(("-e", "--env", "-p", "--project", "--config", "--data-dir", "--cache-dir")),
        names=("-r", "--repo"),
        name_variables=("HATCH_INDEX_REPO",),
        credential_options=("-a", "--auth"),
        credential_variables=r"HATCH_INDEX_AUTH",
    ),
    "maturin": UploadTool(
        commands=("publish", "upload"),
        addresses=("--repository-url",),
        name_variables=("MATURIN_REPOSITORY",),
        address_variables=("MATURIN_REPOSITORY_URL",),
        credential_variables=r"MATURIN_(?:PYPI_TOKEN|PASSWORD)",
    ),
    "rye": UploadTool(
        addresses=("--repository-url",), credential_options=("--token",), credential_variables=r"RYE_TOKEN"
    ),
    "setup.py": UploadTool(commands=("upload",), credential_options=()),
    "seatrial": OWN,
    "invoke": OWN,
    "inv": OWN,
}
"""The programs that upload distributions (their documentation of options and variables)."""

PASSWORD_VARIABLE = re.compile("|".join(sorted({tool.credential_variables for tool in TOOLS.values()})))
"""The variables that hand a stored password to such a program."""


@dataclass(frozen=True)
class CommandUpload:
    """An upload by a command.

    ``index``: the name of its index, and ``address`` its address, as they are written, None for the usual one;
    ``has_password``: whether an option or a variable hands it a password or a token.
    """

    program: Program
    index: str | None = None
    address: str | None = None
    has_password: bool = False
    attests: bool = False


def upload_of(program: Program, variables: Mapping[str, str]) -> CommandUpload | None:
    """Return the upload that a program makes, None if it makes none; ``variables``: those of its environment."""
    name = program.name if program.script is None else program.script.rpartition("/")[2]
    tool = TOOLS.get(name) if program.script is None or name == "setup.py" else None
    args = list(program.args)
    if tool is None or {"--dry-run", "--help", "-h"} & set(args):
        return None
    words = [word for word in args if word in tool.commands] if name == "setup.py" else _skip_options(args, tool.before)
    if not words or words[0] not in tool.commands:
        return None
    variables = {**variables, **dict(program.command.variables)}
    index, address = _option(args, tool.names), _option(args, tool.addresses)
    if index is None and address is None:
        index = next((variables[variable] for variable in tool.name_variables if variables.get(variable)), None)
        address = next((variables[variable] for variable in tool.address_variables if variables.get(variable)), None)
    index, address = (text and expanded(text, variables) for text in (index, address))
    if index is not None and "://" in index:
        index, address = None, index
    has_variable = any(re.fullmatch(tool.credential_variables, name) and value for name, value in variables.items())
    has_password = has_variable or _option(args, tool.credential_options) is not None
    return CommandUpload(program, index, address, has_password, "--attestations" in args)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with the values of the variables that are known, of the shell and of an expression."""
    return VARIABLE.sub(lambda match: variables.get(match[match.lastindex or 0]) or match[0], text)


VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|\{\{\s*env\.(\w+)\s*\}\})")


def _option(words: list[str], names: tuple[str, ...]) -> str | None:
    """Return the value of an option, None if it is not there."""
    for place, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in names:
            return value if sign else next(iter(words[place + 1 : place + 2]), None)
        short = next((option for option in names if not option.startswith("--") and word.startswith(option)), None)
        if short and not word.startswith("--"):
            return word[len(short) :]
    return None


@dataclass
class UploadReader:
    """Finds the uploads in the scripts of a job, one script after the other: what one exports, the next ones have.

    ``stores_password``: whether a command has stored a password for the uploads of the job.
    """

    stores_password: bool = False
    _exported: dict[str, str] = field(default_factory=dict)
    _repositories: dict[str, str] = field(default_factory=dict)

    def uploads(self, script: str, variables: Mapping[str, str]) -> Iterator[CommandUpload]:
        """Yield the uploads of a script; ``variables``: those of its environment."""
        local: dict[str, str] = {}
        for statement in read_script(script):
            if "GITHUB_ENV" in statement.text:
                self._exported.update(_assignments(statement.text))
            for command in statement.commands:
                local.update(command.variables if not command.words else ())
                for program in programs_of(command):
                    self._read(program, statement.text, local)
                    upload = upload_of(program, {**local, **variables, **self._exported})
                    if upload:
                        configured = self._repositories.get(f"repositories.{upload.index}")
                        yield replace(upload, address=upload.address or configured)

    def _read(self, program: Program, text: str, local: Mapping[str, str]) -> None:
        """Keep what a program leaves for those after it: variables, passwords, names of indexes."""
        self.stores_password = self.stores_password or _stores_password(program, text)
        if program.name in EXPORTING:
            assigned = (word.partition("=") for word in program.args if re.match(r"[A-Za-z_]\w*(?:=|$)", word))
            self._exported.update(
                (name, value if sign else local.get(name, f"${name}")) for name, sign, value in assigned
            )
        set_by_powershell = re.match(r"\$env:(\w+)$", program.command.words[0], re.IGNORECASE)
        if set_by_powershell and program.args[:1] == ("=",):
            self._exported[set_by_powershell[1]] = " ".join(program.args[1:])
        if program.words[:2] == ("poetry", "config") and program.args[2:]:
            self._repositories[program.args[1].removesuffix(".url")] = program.args[2]


EXPORTING = frozenset(("export", "declare", "typeset", "set"))
"""The commands of shells that set variables for the commands after them."""


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that a text for a file of variables names; a value that is computed stays unknown."""
    for name, value in re.findall(r"(?<![\w$])([A-Za-z_]\w*)=([^\s\"';|}]*)", text):
        yield name, "$" + name if "%" in value or "$" in value else value


STORED_SETTING = r"^pypi-token\.|^http-basic\.|^repository\..*\.password$|^publish\.index\.auth$"
"""The settings of poetry, pdm and hatch that hold a password or a token."""


def _stores_password(program: Program, text: str) -> bool:
    """Whether a program stores a password for a later upload, in its settings or in .pypirc; ``text``: all of it."""
    words = program.words
    writes = words[0] in {"tee", "cp", "mv", "ln", "install", "rsync", "curl", "wget", "sponge"}
    files = (*program.command.files, *(words[1:] if writes else ()))
    if any(re.search(r"(?:^|/)\.pypirc$", file) for file in files):
        return True
    if words[0] == "python" and program.script is None and ".pypirc" in text:
        return True
    if words[1:2] == ("config",):
        return words[0] in TOOLS and any(re.search(STORED_SETTING, word) for word in words[2:])
    return words[:2] == ("keyring", "set")


SETUP_COMMANDS = frozenset(
    ("sdist", "bdist_wheel", "build", "build_ext", "build_py", "check", "clean", "egg_info", "--version", "--name")
)
"""What can be asked of setup.py without an upload."""

CONTAINERS = frozenset(("docker", "podman"))
SENDERS = frozenset(("curl", "wget", "http", "https", "xh"))

SPEAKERS = frozenset(
    (
        *("echo", "printf", "grep", "rg", "git", "gh", "cat", "sed", "awk", "test", "[", ":", "true", "pip", "pip3"),
        *("find", "eval", "trap", "Write-Host", "Write-Output", "which", "command", "type", "jq", "apt-get", "brew"),
    )
)
"""Programs for which the words of another command are a text, or that are read by themselves."""

PROJECT_RUNNERS = frozenset(
    (
        *("make", "just", "task", "tox", "nox", "invoke", "inv", "doit", "poe", "pants", "bazel", "npm"),
        *("pnpm", "yarn", "npx", "cargo", "semantic-release", "jupyter-releaser", "fullrelease", "tbump"),
        *("releaser",),
    )
)
"""Programs that run what files of the repository say."""

OWN_COMMANDS: Mapping[str, frozenset[str]] = {
    "cargo": frozenset(
        (
            *("add", "audit", "bench", "build", "check", "clippy", "deny", "doc", "fetch", "fmt", "generate-lockfile"),
            *("install", "login", "metadata", "nextest", "owner", "package", "publish", "search", "test", "tree"),
            *("update", "vendor", "version"),
        )
    ),
    "npm": frozenset(("audit", "ci", "config", "install", "login", "outdated", "pack", "publish", "version", "view")),
    "pnpm": frozenset(("add", "audit", "config", "install", "outdated", "pack", "publish")),
    "yarn": frozenset(("add", "audit", "config", "install", "outdated", "pack")),
}
"""What such programs do by themselves; none of it has to do with an index of Python packages."""

HARMLESS = frozenset(
    (
        *("pytest", "coverage", "mypy", "ruff", "black", "flake8", "pylint", "pre-commit", "sphinx-build"),
        *("mkdocs", "python", "pip", "build", "twine", "check-wheel-contents", "pyroma", "towncrier"),
        *("cibuildwheel", "venv", "ensurepip", "pipx", "http.server", "json.tool", "compileall", "unittest"),
        *("sigstore", "pypi_attestations", "wheel", "auditwheel", "delocate", "abi3audit", "virtualenv", "zipfile"),
        *("tarfile", "zipapp", "platform", "sysconfig", "site", "setuptools_scm", "check_manifest", "hatchling"),
    )
)
"""Programs of others that upload nothing by themselves."""


def may_upload(program: Program) -> bool:
    """Whether a program runs commands that the workflow does not contain: a script, a session, a target."""
    if program.script is not None and program.script.endswith("setup.py"):
        return not (program.args and SETUP_COMMANDS.issuperset(program.args))
    if program.script is not None or "$" in program.name or _runs_targets(program):
        return True
    if program.name in CONTAINERS:
        return program.args[:1] in {("run",), ("compose",)}
    if program.name in SENDERS:
        return any(
            word.startswith(("-F", "--form", "-T", "--upload-file", "--data", "--post")) for word in program.args
        )
    if program.name not in SPEAKERS and any(map(_is_upload, program.args, program.args[1:])):
        return True
    return program.runner is not None and program.name not in HARMLESS and program.name not in TOOLS


def _runs_targets(program: Program) -> bool:
    """Whether a program runs what a file of the repository says: a target, a session, a script of a package."""
    command = next((word for word in program.args if word[:1] not in {"+", "-"}), None)
    return program.name in PROJECT_RUNNERS and command not in OWN_COMMANDS.get(program.name, ())


def _is_upload(word: str, after: str) -> bool:
    """Whether two words in a row begin an upload, which another program starts."""
    name = _program_name(word)
    return name in TOOLS and after in TOOLS[name].commands
