"""What can be wrong with a project, its repository and its remote before a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


def detach(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "--detach")


def branch_off(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "-b", "topic")
    repo.project.git("push", "-q", "-u", "origin", "topic")


def lose_the_remote(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "remove", "origin")


def lose_the_upstream(repo: ReleaseRepo) -> None:
    repo.project.git("branch", "--unset-upstream")


def cut_the_history_off(repo: ReleaseRepo) -> None:
    (repo.project.root / ".git/shallow").write_text(repo.project.git("rev-parse", "HEAD"))


def fall_behind(repo: ReleaseRepo) -> None:
    other = repo.clone("other")
    other.project.git("commit", "-q", "--allow-empty", "-m", "Theirs")
    other.project.git("push", "-q")


def diverge(repo: ReleaseRepo) -> None:
    fall_behind(repo)
    repo.project.git("commit", "-q", "--allow-empty", "-m", "Mine")


def tag_here(repo: ReleaseRepo) -> None:
    """Tag a commit of another history, as one does that was rewritten."""
    commit = repo.project.git("commit-tree", "-m", "Another history", "HEAD^{tree}").strip()
    repo.project.git("tag", "v1.3.0", commit)


def tag_there(repo: ReleaseRepo) -> None:
    tag_here(repo)
    repo.project.git("push", "-q", "origin", "v1.3.0")


def use_up_the_fragments(repo: ReleaseRepo) -> None:
    repo.project.git("rm", "-q", "changelog.d/1.feature.md", "changelog.d/+fall.bugfix.md")
    repo.project.git("commit", "-q", "-m", "No fragments")
    repo.project.git("push", "-q")


def ignore_the_fragments(repo: ReleaseRepo) -> None:
    use_up_the_fragments(repo)
    repo.project.write({".git/info/exclude": "*.md\n", "changelog.d/7.feature.md": "Tides.\n"})


def misname_a_fragment(repo: ReleaseRepo) -> None:
    repo.project.git("mv", "changelog.d/1.feature.md", "changelog.d/1.fetaure.md")
    repo.project.git("commit", "-q", "-m", "Misname")


def take_the_marker_away(repo: ReleaseRepo) -> None:
    repo.project.write({"CHANGELOG.md": "# Changelog\n"})
    repo.project.git("commit", "-qam", "No marker")


def write_latin1(repo: ReleaseRepo) -> None:
    (repo.project.root / "CHANGELOG.md").write_bytes(b"# T\xfcmpel\n\n<!-- towncrier release notes start -->\n")
    repo.project.git("commit", "-qam", "Latin 1")


def name_another_version(repo: ReleaseRepo) -> None:
    repo.project.write({"src/tidepool/__init__.py": '__version__ = "1.2.2"\n'})
    repo.project.git("commit", "-qam", "Another version")


def configure_a_file_without_the_version(repo: ReleaseRepo) -> None:
    repo.project.write(
        {
            "pyproject.toml": repo.read("pyproject.toml")
            + '[tool.bumpversion]\n[[tool.bumpversion.files]]\nfilename = "README.md"\n'
        }
    )
    repo.project.git("commit", "-qam", "Configure")


def refuse_in_a_hook(repo: ReleaseRepo) -> None:
    hook = repo.project.root / ".git/hooks/commit-msg"
    hook.write_text('#!/bin/sh\necho "no ticket in: $(cat "$1")"\nexit 1\n')
    hook.chmod(0o755)


def refuse_before_the_push(repo: ReleaseRepo) -> None:
    hook = repo.project.root / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)


def refuse_on_the_remote(repo: ReleaseRepo) -> None:
    hook = repo.remote.root / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) echo no tags >&2; exit 1;; esac\n')
    hook.chmod(0o755)


def lose_the_network(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "set-url", "origin", "http://127.0.0.1:9/r.git")


def rewrite_the_version_in_a_hook(repo: ReleaseRepo) -> None:
    hook = repo.project.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nsed -i s/1.3.0/1.2.9/ src/tidepool/__init__.py && git add -u\n")
    hook.chmod(0o755)


def lack_the_tags(repo: ReleaseRepo) -> None:
    repo.remote.git("tag", "v1.2.4", "main")


def lack_the_tags_of_another_form(repo: ReleaseRepo) -> None:
    repo.remote.git("tag", "1.2.3", "main")


def tag_a_newer_release(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "v5.0.0")
    repo.project.git("push", "-q", "origin", "v5.0.0")


PUBLISHING = """\
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - run: twine upload dist/*
"""


def skip_ci_in_a_hook(repo: ReleaseRepo) -> None:
    repo.project.write({".github/workflows/release.yml": PUBLISHING})
    repo.project.commit("Publish")
    repo.project.git("push", "-q")
    hook = repo.project.root / ".git/hooks/prepare-commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho '[skip ci]' >> \"$1\"\n")
    hook.chmod(0o755)


def tag_a_newer_release_here_alone(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "v1.3.0")


def pin_a_dependency_to_the_same_number(repo: ReleaseRepo) -> None:
    pyproject = repo.read("pyproject.toml").replace(
        'version = "1.2.3"', 'version = "1.2.3"\ndependencies = ["lib==1.2.3"]'
    )
    pyproject += '[tool.bumpversion]\n[[tool.bumpversion.files]]\nfilename = "pyproject.toml"\n'
    repo.project.write({"pyproject.toml": pyproject})
    repo.project.git("commit", "-qam", "Pin")


def write_the_entry_by_hand(repo: ReleaseRepo) -> None:
    text = repo.read("CHANGELOG.md").replace("## 1.2.3", "## 1.3.0\n\nBy hand.\n\n## 1.2.3")
    repo.project.write({"CHANGELOG.md": text})
    repo.project.git("commit", "-qam", "Write")


def begin_a_merge(repo: ReleaseRepo) -> None:
    repo.project.git("checkout", "-q", "-b", "topic")
    repo.project.git("commit", "-q", "--allow-empty", "-m", "Topic")
    repo.project.git("checkout", "-q", "main")
    repo.project.git("merge", "-q", "--no-ff", "--no-commit", "topic")


def write_a_fragment_in_latin1(repo: ReleaseRepo) -> None:
    (repo.project.root / "changelog.d/1.feature.md").write_bytes(b"T\xfcmpel.\n")
    repo.project.git("commit", "-qam", "Latin 1")


def push_to_two(repo: ReleaseRepo) -> None:
    repo.project.git("remote", "set-url", "--add", "--push", "origin", "../remote.git")
    repo.project.git("remote", "set-url", "--add", "--push", "origin", "../second.git")
