"""Why there is no release: each reason is an error of its own, and names the command that mends it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class ReleaseError(SeatrialError):
    """There is no release; unless the text says otherwise, nothing has changed anywhere."""

    exit_code = 5


class SeveralReasons(ReleaseError):
    """More than one thing stands in the way of a release; all of them are told."""

    def __init__(self, reasons: Sequence[SeatrialError]) -> None:
        self.reasons = tuple(reasons)
        told = "\n".join(f"- {str(reason).replace(chr(10), chr(10) + '  ')}" for reason in reasons)
        super().__init__(f"there are {len(reasons)} reasons why this can't be released:\n{told}")


class Reasons:
    """What stands in the way of a release, gathered so that all of it is told together."""

    def __init__(self, known: Iterable[SeatrialError] = ()) -> None:
        self._found = list(known)

    def __iter__(self) -> Iterator[SeatrialError]:
        return iter(self._found)

    @contextlib.contextmanager
    def gather(self) -> Iterator[None]:
        """Keep what is raised instead of letting it out."""
        try:
            yield
        except SeveralReasons as error:
            self._found += error.reasons
        except SeatrialError as error:
            self._found.append(error)

    def extend(self, known: Iterable[SeatrialError]) -> None:
        """Keep what is known from elsewhere, too."""
        self._found += known

    def tell(self) -> None:
        """Raise what was gathered, if anything was."""
        if self._found:
            raise together(self._found)


def together(reasons: Sequence[SeatrialError]) -> SeatrialError:
    """Return the one error that there is, or one that has them all."""
    return reasons[0] if len(reasons) == 1 else SeveralReasons(reasons)


class NoRepository(ReleaseError):
    """The project is not in the work tree of a git repository, or git is not installed."""


class NoCommit(ReleaseError):
    """The repository has no commit yet."""


class InsideGitHook(ReleaseError):
    """A git hook runs this: git tells it to work on another index than the repository's."""


class DetachedHead(ReleaseError):
    """No branch is checked out."""


class MergeUnderWay(ReleaseError):
    """A merge, a rebase or the like waits to be continued."""


class WrongBranch(ReleaseError):
    """Another branch is checked out than the one that releases are made from."""


class NoRemote(ReleaseError):
    """The repository has no remote to push to."""


class NoUpstream(ReleaseError):
    """The branch follows no branch of a remote."""


class SeveralPushAddresses(ReleaseError):
    """A push to the remote would be several pushes."""


class ShallowClone(ReleaseError):
    """The history of the repository was cut off (``git clone --depth``) or left on the remote (``--filter``)."""


class RemoteUnreachable(ReleaseError):
    """The remote does not answer, or does not know who asks."""


class BranchBehind(ReleaseError):
    """The remote's branch has commits that this one lacks."""


class BranchDiverged(ReleaseError):
    """The branch and the remote's have each a commit that the other lacks."""


class NoIdentity(ReleaseError):
    """git does not know whose name goes into a commit."""


class TagTaken(ReleaseError):
    """The tag is there already, here or on the remote."""


class TagsMissing(ReleaseError):
    """The remote has tags of releases that the repository lacks."""


class VersionNotFound(ReleaseError):
    """The project does not say its version in a place that is known."""


class VersionInvalid(ReleaseError):
    """A version is none as the specification has it."""


class VersionsDisagree(ReleaseError):
    """Two places name different versions."""


class VersionNotNewer(ReleaseError):
    """The version would not be newer than the one before."""


class VersionNotWritten(ReleaseError):
    """bump-my-version left a place as it was, or wrote something else into it."""


class PartMissing(ReleaseError):
    """Nobody said which part of the version to raise, and there is no terminal to ask on."""


class PartUnknown(ReleaseError):
    """The part is none of those that there are."""


class PartTooSmall(ReleaseError):
    """The fragments tell of more than the part promises."""


class NoFragments(ReleaseError):
    """No fragment tells what is new."""


class FragmentInvalid(ReleaseError):
    """A fragment has a name that towncrier skips, or a text that it garbles."""


class FragmentTypeUnknown(ReleaseError):
    """The type of a fragment is none of those that towncrier is configured for."""


class NewsNotConfigured(ReleaseError):
    """towncrier is not configured."""


class MarkerMissing(ReleaseError):
    """The news file has no marker that says where the next entry goes."""


class EntryExists(ReleaseError):
    """The news file has an entry of this title already."""


class FileNotUtf8(ReleaseError):
    """A file that the release has to change is not UTF-8."""


class HookRefused(ReleaseError):
    """A hook of the repository, or git itself, refused the commit or the tag."""


class SigningFailed(ReleaseError):
    """The commit or the tag could not be signed."""


class Declined(ReleaseError):
    """The question was answered with no, or there was no terminal to ask it on."""


class ProofFailed(ReleaseError):
    """A session tagged ``release`` failed on the commit that would have been tagged."""


class ChecksFailed(ReleaseError):
    """A check of the project, of what the tag starts, or of the index calls something an error."""


class AnotherRelease(ReleaseError):
    """Another release of this repository is under way."""


class PushForbidden(ReleaseError):
    """The remote does not let the user push."""


class PushRefused(ReleaseError):
    """The remote did not take the push."""


class PushUnknown(ReleaseError):
    """The connection was lost while pushing: the remote may have taken it, or not."""


class NotCaughtUp(ReleaseError):
    """It is released, but what is in the checkout is in the way of the new commit."""


class NotCommitted(ReleaseError):
    """A file that names the version is not as it is in the commit that is to be tagged."""


class TagMissing(ReleaseError):
    """There is no tag of this version to push."""
