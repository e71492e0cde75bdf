"""GitHub, asked with gh where it is installed and logged in: runs of CI, pull requests, protected branches.

Without gh, requests to merge have addresses and options of a push, and the protection of a branch is read from files.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from seatrial import process
from seatrial.ci.github import read_yaml
from seatrial.errors import CommandFailed, last_lines
from seatrial.git.repository import Repository, forge_of, page_of_repository
from seatrial.redaction import redact

RUN_FIELDS = "databaseId,workflowName,headSha,event,status,conclusion,url"
GH_TIMEOUT = 60
"""Seconds that gh may take."""

LOGGED_OUT = 4
"""The exit code of gh without a login (gh help exit-codes)."""


@dataclass(frozen=True)
class Run:
    """A run: ``number``: its id; ``status``: queued, in_progress, completed; ``conclusion``: that of one that is."""

    number: int
    workflow: str
    status: str
    conclusion: str
    url: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come from it."""
        return self.status == "completed"

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and not well."""
        return self.is_over and self.conclusion not in {"success", "neutral", "skipped"}

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object, as gh reports it."""
        return {
            "number": self.number,
            "workflow": self.workflow,
            "status": self.status,
            "conclusion": self.conclusion or None,
            "url": self.url,
        }

    def __str__(self) -> str:
        """Say what became of it."""
        return f"{self.workflow}: {self.conclusion if self.is_over else self.status.replace('_', ' ')}, {self.url}"


def has_gh() -> bool:
    """Whether it is installed."""
    return shutil.which("gh") is not None


def query_github(folder: Path, home: str, path: str) -> Any:
    """Return what GitHub answers about a repository; None without gh, without a login, or without such a resource.

    ``home``: the repository, as `gh_name` names it.
    """
    return _gh_json(folder, *_api(home, path))


def runs_for_tag(folder: Path, repository: str, tag: str, commit: str) -> tuple[Run, ...] | None:
    """Return the runs that the push of a tag has started, the newest first; None where gh does not answer.

    ``repository``: as `gh_name` names it.
    """
    options = ("--repo", repository, "--branch", tag, "--limit", "50", "--json", RUN_FIELDS)
    listed = _gh_json(folder, "run", "list", *options)
    try:
        return None if listed is None else tuple(_run(run) for run in listed if run["headSha"] == commit)
    except (ValueError, KeyError, TypeError):
        return None


def start_workflow(folder: Path, repository: str, workflow: str, ref: str) -> str:
    """Start a workflow that can be started by hand, and return what gh says. Raises `CommandFailed`."""
    command = ("gh", "workflow", "run", workflow, "--repo", repository, "--ref", ref)
    return process.run(command, cwd=folder, env=_environment()).strip()


def _gh_json(folder: Path, *args: str) -> Any:
    """Return the JSON that gh prints, None where it prints none."""
    try:
        return json.loads(_gh(folder, *args))
    except (GhFailed, ValueError):
        return None


def _environment() -> dict[str, str]:
    return process.user_environment(GH_PROMPT_DISABLED="1", NO_COLOR="1")


def _run(run: dict[str, Any]) -> Run:
    return Run(
        int(run["databaseId"]),
        str(run["workflowName"]),
        str(run["status"]),
        str(run.get("conclusion") or ""),
        str(run["url"]),
    )


VIEW_FIELDS = "baseRefName,isCrossRepository,number,url,state,statusCheckRollup,mergeCommit"

FAILED_CONCLUSIONS = {"FAILURE", "CANCELLED", "TIMED_OUT", "ACTION_REQUIRED", "STARTUP_FAILURE", "ERROR"}


@dataclass(frozen=True)
class RequestText:
    """A request to merge a branch: from ``head`` into ``base``, with a title and a body in Markdown."""

    head: str
    base: str
    title: str
    body: str


@dataclass(frozen=True)
class PullRequest:
    """A pull request as gh reports it.

    ``state``: open, merged or closed; ``base``: the branch that it is merged into; ``failed_checks``: the names of the
    checks that have failed.
    """

    number: int
    url: str
    state: str
    base: str
    failed_checks: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> PullRequest:
        """Return it from gh's JSON. Raises `KeyError`, `TypeError` or `ValueError`."""
        checks = table.get("statusCheckRollup") or ()
        failed = (
            str(check.get("name") or check.get("context"))
            for check in checks
            if str(check.get("conclusion") or check.get("state") or "") in FAILED_CONCLUSIONS
        )
        state, base = str(table["state"]).lower(), str(table["baseRefName"])
        return cls(int(table["number"]), str(table["url"]), state, base, tuple(dict.fromkeys(failed)))


class GhFailed(Exception):
    """gh could not do it; the text says why."""


def gh_name(page: str) -> str:
    """Return the name of a repository for gh, OWNER/NAME or HOST/OWNER/NAME; ``page``: its address on GitHub."""
    return page.partition("://")[2].removeprefix("github.com/")


def home_for_gh(repository: Repository) -> str | None:
    """Return a repository as `gh_name` names it, None where no remote has an address on GitHub."""
    # A host of another name may be a GitHub of a company.
    addresses = sorted(repository.forge_addresses, key=lambda address: forge_of(address) != "github")
    pages = [page_of_repository(address) for address in addresses if forge_of(address) != "gitlab"]
    return next((gh_name(page) for page in pages if page and not page.startswith(OTHER_FORGES)), None)


OTHER_FORGES = ("https://codeberg.org/", "https://bitbucket.org/", "https://git.sr.ht/", "https://gitea.com/")
"""Pages of forges that gh can't ask."""


def page_for_gh(home: str) -> str:
    """Return the address of a repository that `gh_name` names."""
    return f"https://{home if home.count('/') > 1 else f'github.com/{home}'}"


def _api(home: str, path: str) -> tuple[str, ...]:
    """Return the words of a request to the API about a repository, as `gh_name` names it."""
    *host, owner, name = home.split("/")
    return ("api", *(f"--hostname={name}" for name in host), f"repos/{owner}/{name}{path}")


def find_pull_request(folder: Path, home: str, head: str) -> PullRequest | None:
    """Return the pull request of a branch of this repository: the open one, else the newest. Raises `GhFailed`.

    ``home``: the repository, as `gh_name` names it.
    """
    options = ("--repo", home, "--head", head, "--state", "all", "--limit", "20", "--json", VIEW_FIELDS)
    output = _gh(folder, "pr", "list", *options)
    try:
        # A fork can have a branch of the same name.
        own = [PullRequest.from_json(request) for request in json.loads(output) if not request["isCrossRepository"]]
        return next((request for request in own if request.state == "open"), own[0] if own else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GhFailed("gh pr list printed something else than JSON") from None


def ensure_pull_request(folder: Path, home: str, text: RequestText) -> str:
    """Open a pull request, or give the open one of the branch this text; return its address. Raises `GhFailed`."""
    request = find_pull_request(folder, home, text.head)
    with tempfile.TemporaryDirectory(prefix="seatrial-request-") as temporary:
        path = Path(temporary, "body.md")
        path.write_text(text.body, encoding="utf-8")
        if request and request.state == "open":
            # gh pr edit of 2.23 also asks for classic projects, which GitHub has switched off.
            base = ("-f", f"base={text.base}") if request.base != text.base else ()
            content = ("-f", f"title={text.title}", "-F", f"body=@{path}", *base)
            _gh(folder, *_api(home, f"/pulls/{request.number}"), "--method", "PATCH", *content)
            return request.url
        options = ("--title", text.title, "--body-file", str(path))
        branches = ("--base", text.base, "--head", text.head)
        lines = _gh(folder, "pr", "create", "--repo", home, *branches, *options).split()
    return next((word for word in reversed(lines) if word.startswith("https://")), "")


def compare_address(page: str, text: RequestText) -> str:
    """Return the address of GitHub's form for a pull request; ``page``: that of the repository.

    GitHub takes the title from the commit. An address with the body has more than a thousand characters.
    """
    return f"{page}/compare/{quote(text.base)}...{quote(text.head)}?expand=1"


def gitlab_push_options(text: RequestText) -> tuple[str, ...]:
    r"""Return the options of a push that opens a merge request, or updates it (GitLab, "Push options").

    A value is one line, in which GitLab reads ``\n`` as a line end.
    """
    description = text.body.replace("\\", "\\\\").rstrip().replace("\r", "").replace("\n", "\\n")
    return (
        "merge_request.create",
        f"merge_request.target={text.base}",
        f"merge_request.title={text.title}",
        f"merge_request.description={description}",
        "merge_request.remove_source_branch",
    )


def new_merge_request_address(page: str, text: RequestText) -> str:
    """Return the address of GitLab's form for a merge request; ``page``: that of the repository."""
    fields = {
        "merge_request[source_branch]": text.head,
        "merge_request[target_branch]": text.base,
        "merge_request[title]": text.title,
    }
    return f"{page}/-/merge_requests/new?{urlencode(fields, quote_via=quote)}"


def _gh(folder: Path, *args: str) -> str:
    """Run gh and return its output. Raises `GhFailed`."""
    if not has_gh():
        raise GhFailed("gh is not installed")
    try:
        done = process.run_detached(("gh", *args), cwd=folder, env=_environment(), seconds=GH_TIMEOUT)
    except CommandFailed as error:
        raise GhFailed(f"gh {' '.join(args[:2])} did not end well: {last_lines(error.output).strip()}") from None
    if done.returncode == LOGGED_OUT:
        raise GhFailed("gh is not logged in (gh auth login)")
    if done.returncode:
        reason = last_lines(redact(done.errors or done.output), 3).strip()
        raise GhFailed(f"gh {' '.join(args[:2])} ended with exit code {done.returncode}: {reason}")
    return done.output


SETTINGS_FILES = (".github/settings.yml", ".github/settings.yaml", ".asf.yaml")
RULESETS = ".github/**/*.json"
"""Where rulesets that were exported are usually kept."""

REFUSING_RULES = {"pull_request", "required_status_checks", "merge_queue", "update"}
"""The rules of a ruleset that refuse a direct push."""

REFUSING_KEYS = ("required_pull_request_reviews", "required_status_checks", "restrictions")
"""The keys of a branch protection that refuse one, where they have a value."""


def branch_protection(repository: Repository, branch: str) -> str | None:
    """Return what shows that a branch takes no direct push: a file, or "rules on GitHub"; None when nothing does."""
    for path in (repository.root / name for name in SETTINGS_FILES):
        table = read_yaml(_text(path))[0] if path.is_file() else None
        if table and (_is_protected(table, branch) or _has_ruleset(table.get("rulesets"), branch)):
            return path.relative_to(repository.root).as_posix()
    for path in sorted(repository.root.glob(RULESETS)):
        if _has_ruleset(_json(path), branch):
            return path.relative_to(repository.root).as_posix()
    return "rules on GitHub" if _is_protected_on_github(repository, branch) else None


def _is_protected(table: dict[str, Any], branch: str) -> bool:
    """Whether a table of settings protects a branch: probot's list of branches, or Apache's table."""
    listed = table.get("branches")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    # safe-settings calls the default branch "default".
    protections = [row.get("protection") for row in rows if row.get("name") in {branch, "default"}]
    github = table.get("github")
    protected = github.get("protected_branches") if isinstance(github, dict) else None
    protections += [protected.get(branch)] if isinstance(protected, dict) else []
    return any(_refuses(protection) for protection in protections)


def _refuses(protection: object) -> bool:
    # An empty table asks for a request without reviewers; null, which is a text in YAML here, asks for nothing.
    return isinstance(protection, dict) and any(isinstance(protection.get(key), dict) for key in REFUSING_KEYS)


def _has_ruleset(value: object, branch: str) -> bool:
    """Whether one of some rulesets, or the only one, is active and refuses a push to the branch."""
    rulesets = value if isinstance(value, list) else [value]
    return any(isinstance(ruleset, dict) and _ruleset_refuses(ruleset, branch) for ruleset in rulesets)


def _ruleset_refuses(ruleset: dict[str, Any], branch: str) -> bool:
    conditions = ruleset.get("conditions")
    names = conditions.get("ref_name") if isinstance(conditions, dict) else None
    if ruleset.get("enforcement") != "active" or ruleset.get("target", "branch") != "branch":
        return False
    if not isinstance(names, dict) or not _matches(names.get("include"), branch):
        return False
    return not _matches(names.get("exclude"), branch) and any(
        rule in REFUSING_RULES for rule in _rule_types(ruleset.get("rules"))
    )


def _matches(patterns: object, branch: str) -> bool:
    texts = [str(pattern) for pattern in patterns] if isinstance(patterns, list) else []
    return any(text in {"~DEFAULT_BRANCH", "~ALL"} or fnmatchcase(f"refs/heads/{branch}", text) for text in texts)


def _rule_types(rules: object) -> Iterator[str]:
    yield from (str(rule.get("type")) for rule in rules if isinstance(rule, dict)) if isinstance(rules, list) else ()


def _is_protected_on_github(repository: Repository, branch: str) -> bool:
    """Ask GitHub, where gh is installed and logged in: rulesets first, then the protection of the branch."""
    pages = (page_of_repository(address) for address in repository.forge_addresses if forge_of(address) == "github")
    page = next(filter(None, pages), None)
    if page is None:
        return False
    name = quote(branch, safe="")
    ask = partial(query_github, repository.root, gh_name(page))
    rules = ask(f"/rules/branches/{name}")
    if any(rule in REFUSING_RULES for rule in _rule_types(rules)):
        return True
    state = ask(f"/branches/{name}") if rules is not None else None
    # Everybody may read whether there is a protection; what it asks for, only administrators.
    is_protected = isinstance(state, dict) and state.get("protected") is True
    return is_protected and _refuses(ask(f"/branches/{name}/protection"))


def _json(path: Path) -> object:
    try:
        return json.loads(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
