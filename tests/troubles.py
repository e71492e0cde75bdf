"""What can be wrong with a project, its repository and its remote before a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harbour import Harbour


def detach(port: Harbour) -> None:
    port.trial.git("checkout", "-q", "--detach")


def branch_off(port: Harbour) -> None:
    port.trial.git("checkout", "-q", "-b", "topic")
    port.trial.git("push", "-q", "-u", "origin", "topic")


def lose_the_remote(port: Harbour) -> None:
    port.trial.git("remote", "remove", "origin")


def lose_the_upstream(port: Harbour) -> None:
    port.trial.git("branch", "--unset-upstream")


def cut_the_history_off(port: Harbour) -> None:
    (port.trial.root / ".git/shallow").write_text(port.trial.git("rev-parse", "HEAD"))


def fall_behind(port: Harbour) -> None:
    other = port.clone("other")
    other.trial.git("commit", "-q", "--allow-empty", "-m", "Theirs")
    other.trial.git("push", "-q")


def diverge(port: Harbour) -> None:
    fall_behind(port)
    port.trial.git("commit", "-q", "--allow-empty", "-m", "Mine")


def tag_here(port: Harbour) -> None:
    """Tag a commit of another history, as one does that was rewritten."""
    commit = port.trial.git("commit-tree", "-m", "Another history", "HEAD^{tree}").strip()
    port.trial.git("tag", "v1.3.0", commit)


def tag_there(port: Harbour) -> None:
    tag_here(port)
    port.trial.git("push", "-q", "origin", "v1.3.0")


def use_up_the_fragments(port: Harbour) -> None:
    port.trial.git("rm", "-q", "changelog.d/1.feature.md", "changelog.d/+fall.bugfix.md")
    port.trial.git("commit", "-q", "-m", "No fragments")
    port.trial.git("push", "-q")


def misname_a_fragment(port: Harbour) -> None:
    port.trial.git("mv", "changelog.d/1.feature.md", "changelog.d/1.fetaure.md")
    port.trial.git("commit", "-q", "-m", "Misname")


def take_the_marker_away(port: Harbour) -> None:
    port.trial.write({"CHANGELOG.md": "# Changelog\n"})
    port.trial.git("commit", "-qam", "No marker")


def write_latin1(port: Harbour) -> None:
    (port.trial.root / "CHANGELOG.md").write_bytes(b"# T\xfcmpel\n\n<!-- towncrier release notes start -->\n")
    port.trial.git("commit", "-qam", "Latin 1")


def name_another_version(port: Harbour) -> None:
    port.trial.write({"src/tidepool/__init__.py": '__version__ = "1.2.2"\n'})
    port.trial.git("commit", "-qam", "Another version")


def configure_a_file_without_the_version(port: Harbour) -> None:
    port.trial.write(
        {
            "pyproject.toml": port.read("pyproject.toml")
            + '[tool.bumpversion]\n[[tool.bumpversion.files]]\nfilename = "README.md"\n'
        }
    )
    port.trial.git("commit", "-qam", "Configure")


def refuse_in_a_hook(port: Harbour) -> None:
    hook = port.trial.root / ".git/hooks/commit-msg"
    hook.write_text('#!/bin/sh\necho "no ticket in: $(cat "$1")"\nexit 1\n')
    hook.chmod(0o755)


def refuse_before_the_push(port: Harbour) -> None:
    hook = port.trial.root / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)


def refuse_on_the_remote(port: Harbour) -> None:
    hook = port.remote.root / "hooks/update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) echo no tags >&2; exit 1;; esac\n')
    hook.chmod(0o755)


def lose_the_network(port: Harbour) -> None:
    port.trial.git("remote", "set-url", "origin", "http://127.0.0.1:9/r.git")


def rewrite_the_version_in_a_hook(port: Harbour) -> None:
    hook = port.trial.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nsed -i s/1.3.0/1.2.9/ src/tidepool/__init__.py && git add -u\n")
    hook.chmod(0o755)


def lack_the_tags(port: Harbour) -> None:
    port.remote.git("tag", "v1.2.4", "main")


def tag_a_newer_release(port: Harbour) -> None:
    port.trial.git("tag", "v5.0.0")
    port.trial.git("push", "-q", "origin", "v5.0.0")


def pin_a_dependency_to_the_same_number(port: Harbour) -> None:
    pyproject = port.read("pyproject.toml").replace(
        'version = "1.2.3"', 'version = "1.2.3"\ndependencies = ["lib==1.2.3"]'
    )
    pyproject += '[tool.bumpversion]\n[[tool.bumpversion.files]]\nfilename = "pyproject.toml"\n'
    port.trial.write({"pyproject.toml": pyproject})
    port.trial.git("commit", "-qam", "Pin")


def write_the_entry_by_hand(port: Harbour) -> None:
    text = port.read("CHANGELOG.md").replace("## 1.2.3", "## 1.3.0\n\nBy hand.\n\n## 1.2.3")
    port.trial.write({"CHANGELOG.md": text})
    port.trial.git("commit", "-qam", "Write")


def begin_a_merge(port: Harbour) -> None:
    port.trial.git("checkout", "-q", "-b", "topic")
    port.trial.git("commit", "-q", "--allow-empty", "-m", "Topic")
    port.trial.git("checkout", "-q", "main")
    port.trial.git("merge", "-q", "--no-ff", "--no-commit", "topic")


def write_a_fragment_in_latin1(port: Harbour) -> None:
    (port.trial.root / "changelog.d/1.feature.md").write_bytes(b"T\xfcmpel.\n")
    port.trial.git("commit", "-qam", "Latin 1")


def push_to_two(port: Harbour) -> None:
    port.trial.git("remote", "set-url", "--add", "--push", "origin", "../remote.git")
    port.trial.git("remote", "set-url", "--add", "--push", "origin", "../second.git")
