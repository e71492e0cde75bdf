"""Pull requests on GitHub with gh, where it is installed and logged in, and the addresses and options without it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from seatrial import process
from seatrial.ci.runs import has_gh
from seatrial.errors import CommandFailed, last_lines
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping


GH_TIMEOUT = 60
"""Seconds that gh may take for one request."""

LONGEST_ADDRESS = 7000
"""Characters of an address that browsers and GitHub take."""

VIEW_FIELDS = "number,url,state,statusCheckRollup,mergeCommit"

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

    ``state``: open, merged or closed; ``failed_checks``: the names of the checks that have failed.
    """

    number: int
    url: str
    state: str
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
        return cls(int(table["number"]), str(table["url"]), str(table["state"]).lower(), tuple(dict.fromkeys(failed)))


class GhFailed(Exception):
    """gh could not do it; the text says why."""


def find_pull_request(folder: Path, home: str, head: str) -> PullRequest | None:
    """Return the newest pull request of a branch; None when there is none. Raises `GhFailed`.

    ``home``: OWNER/NAME of the repository.
    """
    options = ("--repo", home, "--head", head, "--state", "all", "--limit", "1", "--json", VIEW_FIELDS)
    output = _gh(folder, "pr", "list", *options)
    try:
        listed = json.loads(output)
        return PullRequest.from_json(listed[0]) if listed else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise GhFailed("gh pr list printed something else than JSON") from None


def ensure_pull_request(folder: Path, home: str, text: RequestText) -> str:
    """Open a pull request, or give the open one of the branch this text; return its address. Raises `GhFailed`."""
    request = find_pull_request(folder, home, text.head)
    with tempfile.TemporaryDirectory(prefix="seatrial-request-") as temporary:
        path = Path(temporary, "body.md")
        path.write_text(text.body, encoding="utf-8")
        content = ("--title", text.title, "--body-file", str(path))
        if request and request.state == "open":
            _gh(folder, "pr", "edit", str(request.number), "--repo", home, *content)
            return request.url
        branches = ("--base", text.base, "--head", text.head)
        lines = _gh(folder, "pr", "create", "--repo", home, *branches, *content).split()
    return next((word for word in reversed(lines) if word.startswith("https://")), "")


def compare_address(page: str, text: RequestText) -> str:
    """Return the address of GitHub's form for a pull request, filled in; ``page``: that of the repository."""
    start = f"{page}/compare/{quote(text.base)}...{quote(text.head)}?"
    fields = {"expand": "1", "title": text.title, "body": text.body}
    address = start + urlencode(fields, quote_via=quote)
    while len(address) > LONGEST_ADDRESS and fields["body"]:
        # The form takes what fits; the last sections are the ones about what follows.
        fields["body"] = fields["body"][: len(fields["body"]) * 3 // 4].rpartition("\n")[0]
        address = start + urlencode(fields, quote_via=quote)
    return address


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
    environment = process.user_environment(GH_PROMPT_DISABLED="1", NO_COLOR="1")
    try:
        done = process.run_detached(("gh", *args), cwd=folder, env=environment, seconds=GH_TIMEOUT)
    except CommandFailed as error:
        raise GhFailed(f"gh {' '.join(args[:2])} did not end well: {last_lines(error.output).strip()}") from None
    if done.returncode:
        reason = last_lines(redact(done.errors or done.output), 3).strip()
        raise GhFailed(f"gh {' '.join(args[:2])} ended with exit code {done.returncode}: {reason}")
    return done.output
