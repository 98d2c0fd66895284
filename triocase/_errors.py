"""What a test that is stuck fails with."""

from __future__ import annotations

__unittest = True


class TimeLimitExceeded(Exception):
    """A test has not ended within its time limit.

    It is not raised in the test, which is cancelled, but reported as its error. Its
    traceback shows where the test waited, its message where each of its tasks did.

    .. versionadded:: 0.1
    """


class DeadlockError(Exception):
    """Each task of a test waits, and nothing can wake any of them.

    Like :exc:`TimeLimitExceeded` it is not raised in the test, which is cancelled, but
    reported as its error, with where each task waits and for what.

    .. versionadded:: 0.1
    """


class LoopBlocked(BaseException):
    """Raised in code of the test's that blocks the event loop beyond the limit.

    Like ``Cancelled`` it only ends that code: what is reported is the time limit. No
    ``except Exception`` may stop it.
    """

    def __init__(self) -> None:
        super().__init__("this code blocks the event loop beyond the test's time limit")
