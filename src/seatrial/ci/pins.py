"""The actions that generated workflows use, each pinned to a commit, with the version of that commit."""

from __future__ import annotations

import re

from packaging.version import Version

CHECKOUT_PIN = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON_PIN = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
SETUP_UV_PIN = "astral-sh/setup-uv@c18668ad3cf93ea998bef934396af7bb5c839dc7 # v10.2.0"
UPLOAD_ARTIFACT_PIN = "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1"
DOWNLOAD_ARTIFACT_PIN = "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
PUBLISH_PIN = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
"""The commit of the release, not the id of its tag: the action pulls an image that is named by the former."""

ACTIONS = (CHECKOUT_PIN, SETUP_PYTHON_PIN, SETUP_UV_PIN, UPLOAD_ARTIFACT_PIN, DOWNLOAD_ARTIFACT_PIN, PUBLISH_PIN)

PIN = re.compile(r"(?<=uses: )(?P<action>[\w./-]+)@(?P<ref>[0-9a-f]{40}) # v(?P<version>\d+(?:\.\d+)*)$", re.MULTILINE)


def without_pins(text: str) -> str:
    """Return a text in which no action says its commit: what dependabot raises is no change of anything else."""
    return PIN.sub(lambda pin: pin["action"], text)


def keep_newer_pins(text: str, now: str) -> str:
    """Return a text in which older pins are replaced by those of ``now``, which were raised by a merge.

    Only a later version counts: not an earlier one, and none that is said of a commit or of a version of ours.
    """
    raised: dict[str, re.Match[str]] = {}
    for pin in PIN.finditer(now):
        if _matches(pin) and _version(pin) >= _version(raised.get(pin["action"], pin)):
            raised[pin["action"]] = pin

    def later(pin: re.Match[str]) -> str:
        other = raised.get(pin["action"], pin)
        return other[0] if _version(other) > _version(pin) else pin[0]

    return PIN.sub(later, text)


def versions_match_commits(text: str) -> bool:
    """Whether no action of a text has the version of ours with another commit, or our commit with another version."""
    return all(map(_matches, PIN.finditer(text)))


def _matches(pin: re.Match[str]) -> bool:
    newest = OURS.get(pin["action"], pin)
    return (pin["ref"] == newest["ref"]) == (pin["version"] == newest["version"])


def _version(pin: re.Match[str]) -> Version:
    return Version(pin["version"])


OURS = {pin["action"]: pin for pin in PIN.finditer("".join(f"uses: {action}\n" for action in ACTIONS))}
