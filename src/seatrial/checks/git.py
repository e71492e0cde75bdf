"""Checks of the repository and its remote before a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.check import ReleaseErrorCheck, ReleaseStage, first_lines
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from seatrial.checks.check import ReleaseAttempt


class Repository(ReleaseErrorCheck):
    """The project is in a git repository that has a commit."""

    code: ClassVar[str] = "GIT001"
    codes: ClassVar[tuple[str, ...]] = ("NoRepository", "NoCommit", "InsideGitHook")
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A release is a commit and a tag, and is made from a commit."""
        return self.finding_for(facts)


class Alone(ReleaseErrorCheck):
    """No other release of the repository is running or unfinished."""

    code: ClassVar[str] = "GIT002"
    codes: ClassVar[tuple[str, ...]] = ("AnotherRelease", "CheckoutNotUpdated", "NoteUnreadable")
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Two releases at once would be two answers to which commit has the version."""
        return self.finding_for(facts)


class Whole(ReleaseErrorCheck):
    """The repository has its whole history."""

    code: ClassVar[str] = "GIT003"
    codes: ClassVar[tuple[str, ...]] = ("ShallowClone",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Versions, the form of the tags and what is new are read from it."""
        return self.finding_for(facts)


class AtRest(ReleaseErrorCheck):
    """No merge, rebase or the like waits to be continued."""

    code: ClassVar[str] = "GIT004"
    codes: ClassVar[tuple[str, ...]] = ("MergeUnderWay",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """HEAD is not yet what it is going to be."""
        return self.finding_for(facts)


class OnBranch(ReleaseErrorCheck):
    """A branch is checked out."""

    code: ClassVar[str] = "GIT005"
    codes: ClassVar[tuple[str, ...]] = ("DetachedHead",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """The commit of a release goes to a branch of the remote, together with its tag."""
        return self.finding_for(facts)


class RightBranch(ReleaseErrorCheck):
    """It is the branch that releases are made from."""

    code: ClassVar[str] = "GIT006"
    codes: ClassVar[tuple[str, ...]] = ("WrongBranch",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.READ

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A release from a topic branch has what nobody has reviewed."""
        return self.finding_for(facts)


class Remote(ReleaseErrorCheck):
    """The branch follows one of a remote, which a push reaches at one address."""

    code: ClassVar[str] = "GIT007"
    codes: ClassVar[tuple[str, ...]] = ("NoRemote", "NoUpstream", "SeveralPushAddresses")
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A push of branch and tag is one transaction with one remote: both or neither."""
        return self.finding_for(facts)


class Answers(ReleaseErrorCheck):
    """The remote answers."""

    code: ClassVar[str] = "GIT008"
    codes: ClassVar[tuple[str, ...]] = ("RemoteUnreachable",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.ASKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """What can't be asked can't be pushed to either."""
        return self.finding_for(facts)


class LetsPush(ReleaseErrorCheck):
    """The remote lets you push."""

    code: ClassVar[str] = "GIT009"
    codes: ClassVar[tuple[str, ...]] = ("PushForbidden",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.TRIED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Who may read may not be who may write; rules about a branch or a tag show only when they are broken."""
        return self.finding_for(facts)


class UpToDate(ReleaseErrorCheck):
    """The branch has all commits of the remote's."""

    code: ClassVar[str] = "GIT010"
    codes: ClassVar[tuple[str, ...]] = ("BranchBehind", "BranchDiverged")
    stage: ClassVar[ReleaseStage] = ReleaseStage.ASKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """The push would be refused, and the release would lack what others have pushed."""
        return self.finding_for(facts)


class Identity(ReleaseErrorCheck):
    """git knows whose name goes into the commit."""

    code: ClassVar[str] = "GIT011"
    codes: ClassVar[tuple[str, ...]] = ("NoIdentity",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """The release is a commit of yours."""
        return self.finding_for(facts)


class TagsHere(ReleaseErrorCheck):
    """The tags of the remote's releases are here."""

    code: ClassVar[str] = "GIT012"
    codes: ClassVar[tuple[str, ...]] = ("TagsMissing",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.READ

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Without them the last release would be guessed."""
        return self.finding_for(facts)


class TagFree(ReleaseErrorCheck):
    """The tag is free, here and on the remote."""

    code: ClassVar[str] = "GIT013"
    codes: ClassVar[tuple[str, ...]] = ("TagTaken",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.CHOSEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A tag that moves is one that nobody can trust, and CI would publish what it finds there."""
        return self.finding_for(facts)


class HooksAccept(ReleaseErrorCheck):
    """The hooks of the repository accept the commit of the release."""

    code: ClassVar[str] = "GIT014"
    codes: ClassVar[tuple[str, ...]] = ("HookRefused",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.SEALED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """The commit is made as any other of yours."""
        return self.finding_for(facts)


class Signs(ReleaseErrorCheck):
    """The commit and the tag can be signed, where yours are."""

    code: ClassVar[str] = "GIT015"
    codes: ClassVar[tuple[str, ...]] = ("SigningFailed",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.SEALED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A key that has expired, or an agent that is locked, stops a release at its end."""
        return self.finding_for(facts)


class Finished(ReleaseErrorCheck):
    """Everything in the checkout is committed."""

    code: ClassVar[str] = "GIT016"
    severity: ClassVar[Severity] = Severity.WARNING
    codes: ClassVar[tuple[str, ...]] = ()
    stage: ClassVar[ReleaseStage] = ReleaseStage.LOOKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A release is made from the commit: what is not in it is not released, and may have been meant to be."""
        if facts.unfinished:
            return Finding.failed(
                "\n".join(first_lines(facts.unfinished)), "git add --all && git commit, if it belongs to the release"
            )
        return self.finding_for(facts)


class Pushed(ReleaseErrorCheck):
    """Everything that is committed is on the remote."""

    code: ClassVar[str] = "GIT017"
    severity: ClassVar[Severity] = Severity.WARNING
    codes: ClassVar[tuple[str, ...]] = ()
    stage: ClassVar[ReleaseStage] = ReleaseStage.ASKED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Commits that were never pushed go out with the release, and no CI has seen them."""
        if facts.unpushed:
            counted = "1 commit is" if facts.unpushed == 1 else f"{facts.unpushed} commits are"
            return Finding.failed(f"{counted} on no remote yet", "git push, and wait for CI")
        return self.finding_for(facts)
