"""Creates a package: its name, its folder and its files, moved into place in one step.

The files that `seatrial init` would not write itself are made from the templates in the folder ``package``.
"""

from __future__ import annotations

import contextlib
import keyword
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import resources
from itertools import compress
from pathlib import Path
from string import Template

import tomlkit
from packaging.utils import InvalidName, canonicalize_name

from seatrial.checks.contents import COMMON_NAMES
from seatrial.checks.index import NameAnswer, answer_about_name
from seatrial.checks.metadata import email_errors, is_python_module
from seatrial.commands import NOX, PROGRAM, Command, Origin, own_origin, uvx_call
from seatrial.distributions.pypi_rules import PROHIBITED_NAMES
from seatrial.errors import CommandFailed, IndexUnreachable, ProjectError, ReleaseError
from seatrial.git.command import Git, is_ignored
from seatrial.git.repository import HOW_TO_SET_IDENTITY, page_of_repository, read_repository
from seatrial.index.client import PendingRelease, maker_of_newest, read_project_or_look_alike
from seatrial.init.detect import detect_project
from seatrial.init.files import python_classifiers, write_proposal
from seatrial.init.propose import Parts
from seatrial.pythons import OLDEST_MINOR, end_of_life, end_of_life_text, newest_minor
from seatrial.redaction import redacted_address

LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later")
"""The licences that a package can get, as SPDX expressions."""

DEFAULT_LICENSE = LICENSES[0]

SIGN = ".github"
"""The folder that marks a repository without a remote as one for GitHub."""


@dataclass(frozen=True)
class PackageRequest:
    """The package to create.

    ``folder``: its folder, named like the package; ``remote``: the address of the repository that it will be pushed to,
    None when it is unknown; ``workflows``: whether CI files are written; ``description``: one line; ``oldest``: the
    minor version of the oldest Python; ``license``: one of `LICENSES`; ``keywords``: those of the metadata;
    ``has_command``: whether it brings a command.
    """

    folder: Path
    name: PackageName
    description: str
    oldest: int
    remote: str | None = None
    workflows: bool = True
    license: str = DEFAULT_LICENSE
    keywords: tuple[str, ...] = ()
    has_command: bool = False

    @classmethod
    def of(cls, text: str, oldest: str = "") -> PackageRequest:
        """Parse the words of a command line: a name, or a path that ends with it.

        ``oldest``: the oldest Python that the package supports, "" for the oldest that gets fixes.
        Raises `NameUnfit` or `PythonUnsupported`.
        """
        pythons = [f"3.{minor}" for minor in range(OLDEST_MINOR, newest_minor() + 1)]
        oldest = oldest or next(python for python in pythons if not end_of_life([python]))
        if oldest not in pythons:
            raise ProjectError(
                f"--python {oldest} is not supported: choose from {', '.join(pythons)}",
                code="PythonUnsupported",
                fix=Command("new", text, "--python", _nearest_python(oldest, pythons), program_only=True),
            )
        name = PackageName.of(Path(text).name or text)
        # A folder that the path only leads through, as in sub/../name, is not made.
        folder = Path(text).absolute()
        folder = folder.parent.resolve() / folder.name
        return cls(folder, name, f"{name.project}, a Python package", int(oldest[2:]))


ADDRESS = re.compile(r".*[/\\:].*", re.DOTALL)
"""The address of a repository: a URL, HOST:PATH, or a path."""


def _nearest_python(text: str, pythons: list[str]) -> str:
    """Return the Python nearest to the number in what was typed, such as 3.14t or 4.0; the oldest without a number."""

    def order(python: str) -> int:
        major, _, minor = python.partition(".")
        return int(major) * 100 + int(minor)

    typed = re.search(r"\d+\.\d+", text)
    return min(pythons, key=lambda python: abs(order(python) - order(typed[0]))) if typed else pythons[0]


def require_address(text: str, package: str = "NAME") -> str:
    """Return the address of the repository of a package, without blanks around it. Raises `ValueUnknown`."""
    if not ADDRESS.fullmatch(text):
        raise ProjectError(
            f"{text!r} is not the address of a repository",
            code="ValueUnknown",
            fix=Command("new", package, "--remote", "https://github.com/OWNER/NAME.git", program_only=True),
        )
    return text.strip()


def require_license(text: str, package: str = "NAME") -> str:
    """Return the licence of a package that a text names, in any case. Raises `LicenseUnknown`."""
    licenses = {name.lower(): name for name in LICENSES}
    if text.lower() not in licenses:
        raise ProjectError(
            f"--license {text} is not available: choose from {', '.join(LICENSES)}",
            code="LicenseUnknown",
            fix=f"{Command('new', package, '--license', DEFAULT_LICENSE, program_only=True)}; for another one, change "
            "LICENSE and pyproject.toml afterwards",
        )
    return licenses[text.lower()]


@dataclass(frozen=True)
class NewPackage:
    """A package that was created: its files, and the branch of their commit, None where they are not committed."""

    folder: Path
    files: tuple[str, ...]
    branch: str | None


def create_package(request: PackageRequest) -> NewPackage:
    """Create a package in its folder.

    Raises `FolderTaken`, `NotMine`, `NoIdentity`, `NoRepository` or `CommandFailed`; then nothing is left behind.
    """
    require_free_folder(request.folder)
    above, name = request.folder.parent, request.folder.name
    with _staged(above, name) as folder:
        remotes = remotes_around(above, name)
        if remotes is not None and request.remote:
            raise ProjectError(
                f"{above} is in a git repository, which has remotes of its own",
                code="NotMine",
                fix=f"leave out --remote: {Command('new', name, program_only=True)}",
            )
        package = _package(request, read_author(above), remotes)
        _begin_repository(folder, request.remote)
        written = _write(folder, package, workflows=request.workflows and not package.is_member)
        branch = None if package.is_member else _commit(folder, request.name, written)
        if package.is_member:
            shutil.rmtree(folder / ".git")
        if request.folder.exists():
            request.folder.rmdir()
        folder.rename(request.folder)
    return NewPackage(request.folder, written, branch)


@contextlib.contextmanager
def _staged(above: Path, name: str) -> Iterator[Path]:
    """Yield an empty folder of this name in a temporary folder, on the disk of the package.

    Folders above it that were made for that, and are empty at the end, are removed.
    """
    missing = [folder for folder in (above, *above.parents) if not folder.exists()]
    above.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=above))
    try:
        folder = holder / name
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(holder, ignore_errors=True)
        with contextlib.suppress(OSError):
            for made in missing:
                made.rmdir()


def _package(
    request: PackageRequest, author: tuple[str, str | None], remotes: tuple[str, ...] | None
) -> PackageTemplate:
    addresses = [*([request.remote] if request.remote else []), *(remotes or ())]
    page = next(filter(None, map(page_of_repository, addresses)), None)
    year = datetime.now().astimezone().year
    return PackageTemplate(request, *author, year, is_member=remotes is not None, page=page)


def _begin_repository(folder: Path, remote: str | None) -> None:
    """Create a repository; also for a package in another repository, because git lists the files of a project."""
    git = Git(folder)
    default_branch = git.line("config", "init.defaultBranch")
    Git(folder, () if default_branch else ("init.defaultBranch=main",)).run("init", "--quiet")
    if remote:
        git.run("remote", "add", "origin", remote)


def _write(folder: Path, package: PackageTemplate, *, workflows: bool) -> tuple[str, ...]:
    """Write the files of a package, those of `seatrial init` among them, and return their paths."""
    for name, text in package.texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    if workflows and not package.page:
        (folder / SIGN).mkdir()
    detected = detect_project(folder)
    proposal = Parts(workflows=workflows, changelog="fragments").propose(detected)
    write_proposal(detected, proposal)
    return tuple(sorted({*package.texts, *(str(file.path) for file in proposal)}))


def _commit(folder: Path, name: PackageName, paths: tuple[str, ...]) -> str:
    """Make the first commit, as the user, and return its branch."""
    git = Git(folder)
    # Files that the user's own excludes match are added, too.
    git.run("add", "--force", "--", *paths)
    git.run("commit", "--quiet", "--message", f"Begin {name.project}")
    return git.line("symbolic-ref", "--short", "HEAD")


LICENSE_HINT = "Its licence is {}, in LICENSE and pyproject.toml."
ORIGIN_HINT = "Until an index has this seatrial: uvx --with {0} nox, and uvx --from {0} seatrial."
MEMBER_HINT = "It is part of an existing repository: commit it there. To write its CI files: {write}"
PUSH_COMMAND = "git push -u origin HEAD"


def new_package_text(package: NewPackage, request: PackageRequest) -> str:
    """Return the files of a new package, and the next commands."""
    commit = f"one commit on {package.branch}" if package.branch else "not committed"
    head = f"{request.name.project}, import {request.name.module}: {len(package.files)} files, {commit}"
    next_steps = (
        "\n".join(("Next:", *(f"  {line}" for line in _next_steps(request))))
        if package.branch
        else MEMBER_HINT.format(write=Command("workflows", program_only=True))
    )
    ended = end_of_life_text(f"3.{minor}" for minor in range(request.oldest, newest_minor() + 1))
    hints = [*([f"{ended}."] if ended else []), LICENSE_HINT.format(request.license)]
    if (path := own_origin().machine) is not None:
        hints.append(ORIGIN_HINT.format(shlex.quote(path)))
    return "\n".join([head, *(f"  {path}" for path in package.files), "", *hints, next_steps])


def _next_steps(request: PackageRequest) -> tuple[Command | str, ...]:
    return (
        f"cd {shlex.quote(_from_here(request.folder))}",
        NOX,
        Command("rehearse", "minor", program_only=True),
        PUSH_COMMAND if request.remote else f"git remote add origin ADDRESS && {PUSH_COMMAND}",
        Command("preflight", "minor", program_only=True),
    )


def _from_here(folder: Path) -> str:
    """Return the path of a folder as short as it can be typed."""
    try:
        return str(folder.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(folder)


def require_free_folder(folder: Path) -> None:
    """Raise `FolderTaken` unless the folder does not exist, or is empty and not the current folder."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ProjectError(
            f"{folder} exists, and is not a folder", code="FolderTaken", fix="take another name, or move it away"
        )
    if folder.is_dir() and folder.resolve() == Path.cwd():
        raise ProjectError(
            f"{folder} is where you are, and would be another folder then", code="FolderTaken", fix="cd .., and again"
        )
    if folder.is_dir() and any(folder.iterdir()):
        command = Command("init", "--project", folder, program_only=True)
        raise ProjectError(
            f"{folder} exists, and is not empty",
            code="FolderTaken",
            fix=f"take another name; to add seatrial to the existing package: {command}",
        )


def remotes_around(above: Path, name: str) -> tuple[str, ...] | None:
    """Return the addresses of the repository around a new folder, None outside of git. Raises `NoRepository`."""
    try:
        done = Git(above).attempt("rev-parse", "--is-inside-work-tree")
    except CommandFailed as error:
        raise ReleaseError(
            f"git can't be run: {error.output.strip()}", code="NoRepository", fix="install git"
        ) from None
    if done.output.strip() != "true" or is_ignored(above, name):
        return None
    return read_repository(above).forge_addresses


def read_author(above: Path) -> tuple[str, str | None]:
    """Return the name and the address of the user's commits; None for an address that an index would reject.

    Raises `NoIdentity` where git has neither.
    """
    identity = Git(above, ("user.useConfigOnly=true",)).line("var", "GIT_AUTHOR_IDENT")
    match = re.match(r"(.+) <(.+)> \d+ [+-]\d+$", identity)
    if match is None:
        raise ReleaseError(
            "git has no user.name and user.email, which become the author of the package",
            code="NoIdentity",
            fix=HOW_TO_SET_IDENTITY,
        )
    return match[1], None if any(email_errors(match[2])) else match[2]


@dataclass(frozen=True)
class PackageName:
    """The name of a package: normalised, with dashes, and as a module, with underscores."""

    project: str
    module: str

    @classmethod
    def of(cls, text: str) -> PackageName:
        """Parse a name. Raises `NameUnfit` with everything that is wrong with it."""
        wrong = list(_mistakes(text))
        if wrong:
            raise ProjectError(
                f"{text!r} can't be the name of a package: {'; '.join(wrong)}",
                code="NameUnfit",
                fix="choose another: ASCII letters, digits and dashes, a letter first, such as "
                f"{Command('new', 'tide-pool', program_only=True)}",
            )
        return cls(canonicalize_name(text), _module(text))


def _mistakes(text: str) -> Iterator[str]:
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        yield "it takes ASCII letters, digits, and - _ . between them (PEP 508)"
        return
    module = _module(text)
    if not module.isidentifier():
        yield f"import {module} is not valid Python"
    if keyword.iskeyword(module):
        yield f"{module} is a word of Python's grammar"
    if is_python_module(text):
        yield f"{module} is, or once was, a module of Python's standard library, whose name PyPI refuses"
    elif canonicalize_name(text) in PROHIBITED_NAMES:
        yield f"PyPI prohibits the name {text}"
    elif module in COMMON_NAMES:
        yield f"{module} is what every project calls a folder of its own"


def _module(text: str) -> str:
    return re.sub(r"[-_.]+", "_", text).lower()


def name_answer(name: str, index: str) -> NameAnswer:
    """Return what an index has under the name of a new project; "unknown" when it does not answer.

    ``index``: the address of its simple API.
    """
    try:
        project_files = read_project_or_look_alike(index, name)
    except IndexUnreachable as error:
        return NameAnswer(f"whether the name {name} is free is unknown: {error.what}")
    pending = PendingRelease(redacted_address(index), name, None, project_files, None)
    holder = maker_of_newest(project_files) if pending.is_strange else ""
    return answer_about_name(replace(pending, holder=holder))


@dataclass(frozen=True)
class PackageTemplate:
    """The files of a new package.

    ``author`` and ``email``: those of its author; ``year``: that of the licence; ``is_member``: whether its repository
    has other packages, too; ``page``: the address of its repository's page.
    """

    request: PackageRequest
    author: str
    email: str | None
    year: int
    is_member: bool = False
    page: str | None = None

    @property
    def texts(self) -> dict[str, str]:
        """The texts of its files by their path."""
        module = self.request.name.module
        # hatchling is the backend of the packaging guides' tutorial. On every Python from 3.9 there is one that writes
        # metadata which the twine of that Python reads, it needs no compiler, and it takes the version from the one
        # line that has it. PEP 639, an expression for the licence, came with 1.27.
        conditions = (True, self.page, self.request.has_command, True, self.is_member)
        tables = compress(("project", "urls", "scripts", "tools", "member"), conditions)
        templates = {
            ".gitignore": ["package/gitignore"],
            "LICENSE": [f"licenses/{self.request.license}"],
            "README.md": ["package/README.md"],
            "changelog.d/+first.feature.md": ["package/fragment.md"],
            "pyproject.toml": [f"package/pyproject_{name}.toml" for name in tables],
            f"src/{module}/__init__.py": ["package/init.py"],
            f"src/{module}/py.typed": [],
            f"tests/test_{module}.py": ["package/test_module.py"],
        }
        if self.request.has_command:
            templates[f"src/{module}/__main__.py"] = ["package/main.py"]
            templates["tests/test_command.py"] = ["package/test_command.py"]
        texts = {path: "".join(map(_text_of, names)) for path, names in templates.items()}
        return {path: Template(text).substitute(self._fields) for path, text in texts.items()}

    @property
    def _fields(self) -> dict[str, str]:
        pythons = python_classifiers(range(self.request.oldest, newest_minor() + 1))
        email = f", email = {_quoted(self.email)}" if self.email else ""
        return {
            "name": self.request.name.project,
            "module": self.request.name.module,
            "description": self.request.description,
            "docstring": self.request.description.replace("\\", "\\\\").replace('"', '\\"').rstrip(".") + ".",
            "summary": _quoted(self.request.description),
            "author": self.author,
            "person": f"{{ name = {_quoted(self.author)}{email} }}",
            "page": self.page or "",
            "license": self.request.license,
            "terms": f"[LICENSE]({self.page}/blob/HEAD/LICENSE)" if self.page else "LICENSE",
            "keywords": f"keywords = {_quoted(list(self.request.keywords))}\n" if self.request.keywords else "",
            "documentation": DOCUMENTATION.format(self.page) if self.page else "",
            "usage": USAGE_OF_COMMAND.format(self.request.name.project) if self.request.has_command else "",
            "seatrial": uvx_call(PROGRAM, Origin(own_origin().address)),
            "year": str(self.year),
            "oldest": f"3.{self.request.oldest}",
            "pythons": "\n".join(f'  "{classifier}",' for classifier in pythons),
        }


def _text_of(name: str) -> str:
    """Return a template next to this module: a file of a package, or a licence, with fields for what differs."""
    return (resources.files("seatrial.init") / f"{name}.txt").read_text(encoding="utf-8")


def _quoted(value: str | list[str]) -> str:
    return tomlkit.item(value).as_string()


DOCUMENTATION = "The documentation is on the [page of the project]({}#readme).\n"

USAGE_OF_COMMAND = """
On the command line:

```console
{} tide
```
"""
