"""Whether a branch takes changes only through a pull request, as far as files of the repository, or gh, say so.

GitHub, "Available rules for rulesets" and "Protected branches"; probot/settings; Apache, ".asf.yaml".
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from seatrial.ci.github import read_yaml
from seatrial.ci.runs import has_gh, query_github
from seatrial.git.repository import forge_of, owner_and_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.git.repository import Repository


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
    pairs = (owner_and_name(address) for address in repository.addresses if forge_of(address) == "github")
    home = next(filter(None, pairs), None)
    if home is None or not has_gh():
        return False
    path = f"repos/{home[0]}/{home[1]}"
    name = quote(branch, safe="")
    rules = query_github(repository.root, f"{path}/rules/branches/{name}")
    if any(rule in REFUSING_RULES for rule in _rule_types(rules)):
        return True
    state = query_github(repository.root, f"{path}/branches/{name}") if rules is not None else None
    # Everybody may read whether there is a protection; what it asks for, only administrators.
    is_protected = isinstance(state, dict) and state.get("protected") is True
    return is_protected and _refuses(query_github(repository.root, f"{path}/branches/{name}/protection"))


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
