"""Instructions to register a trusted publisher with an index and a forge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from seatrial.ci.publisher import Publisher


@dataclass(frozen=True)
class PublisherRegistration:
    """A publisher to register: ``index`` is its name, ``host`` that of its pages, ``provider`` the forge."""

    index: str
    host: str
    provider: str
    project: str
    publisher: Publisher

    @property
    def page(self) -> str:
        """The page of the project on the index on which the form stands filled in."""
        owner, name, file = {
            "github": ("owner", "repository", "workflow_filename"),
            "gitlab": ("namespace", "project", "workflow_filepath"),
        }[self.provider]
        who = self.publisher
        told = {
            "provider": self.provider,
            owner: who.owner,
            name: who.repository,
            file: who.workflow,
            "environment": who.environment,
        }
        return f"https://{self.host}/manage/project/{quote(self.project)}/settings/publishing/?{urlencode(told)}"

    def __str__(self) -> str:
        """Return the four values, and where they go."""
        who = self.publisher
        return "\n".join(
            (
                f"{self.index}",
                f"  owner        {who.owner}",
                f"  repository   {who.repository}",
                f"  workflow     {who.workflow}",
                f"  environment  {who.environment}",
                f"  form         {self.page}",
                f"  a new name   https://{self.host}/manage/account/publishing/ with the name {self.project}, too:",
                "               such a publisher waits for 30 days, and does not reserve the name",
            )
        )


def settings_text(environments: dict[str, str], tags: str, seen: dict[str, Any], rules: Any) -> str:
    """Return what to set in the repository.

    ``environments``: from which refs each may be deployed; ``tags``: the pattern of releases; ``seen``: what the forge
    says of each environment, nothing where it was not asked or knows none; ``rules``: its rules, None if unknown.
    """
    lines = ["In the settings of the repository"]
    for name, refs in environments.items():
        lines.append(f"  environment {name}: deployments from {refs} alone, a reviewer; {_seen_text(seen.get(name))}")
    lines.append(
        f"  rule for the tags {tags}: only maintainers make them, nobody moves or deletes one; {_rules_text(rules)}"
    )
    return "\n".join(lines)


def _seen_text(found: Any) -> str:
    if not isinstance(found, dict):
        return "not known here whether it is so"
    kinds = {rule.get("type") for rule in found.get("protection_rules", ()) if isinstance(rule, dict)}
    missing = [] if "required_reviewers" in kinds else ["no reviewer"]
    missing += [] if found.get("deployment_branch_policy") else ["deployments from everywhere"]
    return f"it has {' and '.join(missing)}" if missing else "it is so: look which refs it admits"


def _rules_text(rules: Any) -> str:
    if not isinstance(rules, list):
        return "not known here whether it is so"
    there = any(isinstance(one, dict) and one.get("target") == "tag" for one in rules)
    return "there is a rule for tags: look what it says" if there else "there is no rule for tags"
