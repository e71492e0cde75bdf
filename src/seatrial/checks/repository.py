"""Whether the repository and its remote are fit for a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.refusing import Refusal
from seatrial.checks.rule import shown
from seatrial.facts.walk import Stage
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.walk import Walk


class Repository(Refusal):
    """The project is in a git repository that has a commit."""

    code: ClassVar[str] = "GIT001"
    codes: ClassVar[tuple[str, ...]] = ("NoRepository", "NoCommit", "InsideGitHook")
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """A release is a commit and a tag, and is made from a commit."""
        return self.verdict(facts)


class Alone(Refusal):
    """No other release of the repository is under way, or waits to be caught up with."""

    code: ClassVar[str] = "GIT002"
    codes: ClassVar[tuple[str, ...]] = ("AnotherRelease", "NotCaughtUp")
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """Two releases at once would be two answers to which commit has the version."""
        return self.verdict(facts)


class Whole(Refusal):
    """The repository has its whole history."""

    code: ClassVar[str] = "GIT003"
    codes: ClassVar[tuple[str, ...]] = ("ShallowClone",)
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """Versions, the form of the tags and what is new are read from it."""
        return self.verdict(facts)


class AtRest(Refusal):
    """No merge, rebase or the like waits to be continued."""

    code: ClassVar[str] = "GIT004"
    codes: ClassVar[tuple[str, ...]] = ("MergeUnderWay",)
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """HEAD is not yet what it is going to be."""
        return self.verdict(facts)


class OnBranch(Refusal):
    """A branch is checked out."""

    code: ClassVar[str] = "GIT005"
    codes: ClassVar[tuple[str, ...]] = ("DetachedHead",)
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """The commit of a release goes to a branch of the remote, together with its tag."""
        return self.verdict(facts)


class RightBranch(Refusal):
    """It is the branch that releases are made from."""

    code: ClassVar[str] = "GIT006"
    codes: ClassVar[tuple[str, ...]] = ("WrongBranch",)
    stage: ClassVar[Stage] = Stage.READ

    def check(self, facts: Walk) -> Finding:
        """A release from a topic branch has what nobody has reviewed."""
        return self.verdict(facts)


class Remote(Refusal):
    """The branch follows one of a remote, which a push reaches at one address."""

    code: ClassVar[str] = "GIT007"
    codes: ClassVar[tuple[str, ...]] = ("NoRemote", "NoUpstream", "SeveralPushAddresses")
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """A push of branch and tag is one transaction with one remote: both or neither."""
        return self.verdict(facts)


class Answers(Refusal):
    """The remote answers."""

    code: ClassVar[str] = "GIT008"
    codes: ClassVar[tuple[str, ...]] = ("RemoteUnreachable",)
    stage: ClassVar[Stage] = Stage.ASKED

    def check(self, facts: Walk) -> Finding:
        """What can't be asked can't be pushed to either."""
        return self.verdict(facts)


class LetsPush(Refusal):
    """The remote lets you push."""

    code: ClassVar[str] = "GIT009"
    codes: ClassVar[tuple[str, ...]] = ("PushForbidden",)
    stage: ClassVar[Stage] = Stage.TRIED

    def check(self, facts: Walk) -> Finding:
        """Who may read may not be who may write; rules about a branch or a tag show only when they are broken."""
        return self.verdict(facts)


class UpToDate(Refusal):
    """The branch has all commits of the remote's."""

    code: ClassVar[str] = "GIT010"
    codes: ClassVar[tuple[str, ...]] = ("BranchBehind", "BranchDiverged")
    stage: ClassVar[Stage] = Stage.ASKED

    def check(self, facts: Walk) -> Finding:
        """The push would be refused, and the release would lack what others have pushed."""
        return self.verdict(facts)


class Identity(Refusal):
    """git knows whose name goes into the commit."""

    code: ClassVar[str] = "GIT011"
    codes: ClassVar[tuple[str, ...]] = ("NoIdentity",)
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """The release is a commit of yours."""
        return self.verdict(facts)


class TagsHere(Refusal):
    """The tags of the remote's releases are here."""

    code: ClassVar[str] = "GIT012"
    codes: ClassVar[tuple[str, ...]] = ("TagsMissing",)
    stage: ClassVar[Stage] = Stage.READ

    def check(self, facts: Walk) -> Finding:
        """Without them the last release would be guessed."""
        return self.verdict(facts)


class TagFree(Refusal):
    """The tag is free, here and on the remote."""

    code: ClassVar[str] = "GIT013"
    codes: ClassVar[tuple[str, ...]] = ("TagTaken",)
    stage: ClassVar[Stage] = Stage.CHOSEN

    def check(self, facts: Walk) -> Finding:
        """A tag that moves is one that nobody can trust, and CI would publish what it finds there."""
        return self.verdict(facts)


class HooksAccept(Refusal):
    """The hooks of the repository accept the commit of the release."""

    code: ClassVar[str] = "GIT014"
    codes: ClassVar[tuple[str, ...]] = ("HookRefused",)
    stage: ClassVar[Stage] = Stage.SEALED

    def check(self, facts: Walk) -> Finding:
        """The commit is made as any other of yours."""
        return self.verdict(facts)


class Signs(Refusal):
    """The commit and the tag can be signed, where yours are."""

    code: ClassVar[str] = "GIT015"
    codes: ClassVar[tuple[str, ...]] = ("SigningFailed",)
    stage: ClassVar[Stage] = Stage.SEALED

    def check(self, facts: Walk) -> Finding:
        """A key that has expired, or an agent that is locked, stops a release at its end."""
        return self.verdict(facts)


class Finished(Refusal):
    """Everything in the checkout is committed."""

    code: ClassVar[str] = "GIT016"
    weight: ClassVar[Weight] = Weight.WARNING
    codes: ClassVar[tuple[str, ...]] = ()
    stage: ClassVar[Stage] = Stage.LOOKED

    def check(self, facts: Walk) -> Finding:
        """A release is made from the commit: what is not in it is not released, and may have been meant to be."""
        if facts.unfinished:
            return Finding.failed(
                "\n".join(shown(facts.unfinished)), "git add --all && git commit, if it belongs to the release"
            )
        return self.verdict(facts)


class Pushed(Refusal):
    """Everything that is committed is on the remote."""

    code: ClassVar[str] = "GIT017"
    weight: ClassVar[Weight] = Weight.WARNING
    codes: ClassVar[tuple[str, ...]] = ()
    stage: ClassVar[Stage] = Stage.ASKED

    def check(self, facts: Walk) -> Finding:
        """Commits that were never pushed go out with the release, and no CI has seen them."""
        if facts.unpushed:
            counted = "1 commit is" if facts.unpushed == 1 else f"{facts.unpushed} commits are"
            return Finding.failed(f"{counted} on no remote yet", "git push, and wait for CI")
        return self.verdict(facts)
