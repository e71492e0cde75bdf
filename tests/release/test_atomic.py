"""A release happens whole, on every Python and with the oldest tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from release_repo import release_happened

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

ENTRY = """\
## 1.3.0

### Features

- Tides rise. (#1)

### Bugfixes

- Tides fall.
"""


def test_release_goes_out_whole(repo: ReleaseRepo) -> None:
    ran = repo.project.invoke("release", "--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(repo)
    assert repo.show("CHANGELOG.md") == (
        "# Changelog\n\nAll of it.\n\n<!-- towncrier release notes start -->\n\n" + ENTRY + "\n\n## 1.2.3\n\nOld.\n"
    )
    assert repo.remote.git("ls-tree", "--name-only", "main:changelog.d") == "README.md\n"
    assert repo.remote.git("log", "-1", "--format=%an <%ae>%n%B", "main") == (
        "A. Author <author@example.invalid>\nRelease 1.3.0\n\n"
    )
    assert repo.remote.git("tag", "--list", "--format=%(contents)", "v1.3.0") == f"tidepool 1.3.0\n\n{ENTRY}\n"
    assert repo.project.git("status", "--porcelain") == ""
    assert "  ✓ tests-" in ran.output


def test_pre_release_and_its_way_back(repo: ReleaseRepo) -> None:
    for number, part in enumerate(("rc", "rc", "final")):
        if number:
            repo.project.invoke("news", "bugfix", f"Fixed {number}.", "--issue", str(number))
            repo.project.commit("Fix")
        ran = repo.release("--part", part, "--yes")
        assert ran.returncode == 0, ran.output
    release_happened(repo)
    assert repo.remote.git("tag").split() == ["v1.3.0", "v1.3.0rc1", "v1.3.0rc2"]


def test_configured_files_of_bump_my_version_change_and_others_that_agree_too(repo: ReleaseRepo) -> None:
    repo.project.write(
        {
            "pyproject.toml": repo.read("pyproject.toml")
            + '\n[tool.bumpversion]\ncurrent_version = "1.2.3"\ncommit = true\ntag = true\n'
            '[[tool.bumpversion.files]]\nfilename = "docs/install.txt"\n',
            "docs/install.txt": "pip install tidepool==1.2.3\n",
            "uv.lock": 'version = 1\n\n[[package]]\nname = "other"\nversion = "1.2.3"\nsource = { registry = "r" }\n\n'
            '[[package]]\nname = "tidepool"\nversion = "1.2.3"\nsource = { editable = "." }\n',
        }
    )
    repo.project.commit("Configure")
    ran = repo.release("--version", "2.0rc1", "--yes", BUMPVERSION_TAG="true", BUMPVERSION_COMMIT="true")
    assert ran.returncode == 0, ran.output
    assert repo.show("docs/install.txt") == "pip install tidepool==2.0rc1\n"
    assert 'current_version = "2.0rc1"' in repo.show("pyproject.toml")
    assert '__version__ = "2.0rc1"' in repo.show("src/tidepool/__init__.py")
    assert repo.show("uv.lock").count('version = "2.0rc1"') == 1
    assert repo.remote.git("tag") == "v2.0rc1\n"
