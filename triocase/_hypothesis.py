"""Hypothesis: each example of a test is a whole test, from its setup to its nursery.

``@given`` makes a sync function that draws examples and calls, for each of them, the
function below it, which is to be found as ``hypothesis.inner_test``. Hypothesis lets
others put a function of their own there. So the function that draws is called outside
of Trio, and what is called for each example opens a run, and raises what went wrong
in it: Hypothesis shrinks that, and times it, as it does anything else.

Hypothesis itself is never imported.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from functools import partial, wraps
from threading import Lock
from typing import TYPE_CHECKING, Any

from ._calls import discard
from ._exception_groups import readable
from ._frameworks import expects_failure, unwrapped
from ._run_test import run_afresh
from ._test_lifecycle import TestLifecycle
from ._tracebacks import related, tidy
from ._verdicts import ExampleVerdict

if sys.version_info < (3, 11):
    from exceptiongroup import ExceptionGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._case import AsyncTrioTestCase
    from ._options import Options
    from ._verdicts import Verdict

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest

_lock = Lock()
_FOLDERS = "|".join(
    re.escape(os.path.dirname(str(sys.modules[name].__file__)))
    for name in ("triocase", "trio", "outcome", "exceptiongroup", "unittest")
    if name in sys.modules
)
_LIBRARY_LINES = re.compile(rf"^ {{8}}(?:{_FOLDERS})\b.*:\d+(?:\n|\Z)", re.MULTILINE)
_MORE_LINES = re.compile(r"^ {8}\(and \d+ more .*\)(?:\n|\Z)", re.MULTILINE)
_EMPTY_EXPLANATION = re.compile(
    r"^Explanation:\n {4}These lines .*(?:\n(?! {8})|\Z)", re.MULTILINE
)


def run_examples(
    case: AsyncTrioTestCase,
    method: Callable[[], Any],
    verdict: Verdict,
    options: Options,
) -> None:
    """Let Hypothesis run a test, each example in a Trio run of its own.

    Raises:
        KeyboardInterrupt: Ctrl-C.
        BaseException: What the test's verdict raises at the end.
    """
    handle: Any = method.hypothesis  # type: ignore[attr-defined]
    if expects_failure(handle.inner_test) and not expects_failure(method):
        raise TypeError(
            "@given hides @expectedFailure below it from unittest. Write "
            "@expectedFailure above @given."
        )
    examples = _Examples(case, verdict, options)
    result = found = None
    _take_over(handle)
    case._trioExamples = examples.run
    try:
        result = method()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        found = error
    finally:
        del case._trioExamples
        _give_back(handle)
    expected = examples.failed_as_expected
    if result is not None:
        discard(result)
        expected = False
        found = TypeError(
            f"{case.id()} returned {result!r}, and Hypothesis's tests return None: so "
            f"there is a decorator above @given that does not fit. Write it below "
            f"@given, where each example calls it."
        )
    if found is not None:
        verdict.pass_on(_readable(found, case.failureException), expected=expected)
        del found  # this frame is in its traceback: no cycle
    verdict.close()


def _readable(error: BaseException, failure: type[BaseException]) -> BaseException:
    """Return what Hypothesis has raised as unittest should see it."""
    for one in related(error):
        _explain_with_users_lines(one)
    if type(error) is ExceptionGroup:
        return readable(error, failure)
    # A group class of Hypothesis's own says more than what is in it.
    tidy(error, failure)
    return error


class _Examples:
    """The examples of one test.

    Attributes:
        failed_as_expected: Whether nothing went wrong but in test methods, where it
            may be the expected failure.
    """

    def __init__(
        self, case: AsyncTrioTestCase, outer: Verdict, options: Options
    ) -> None:
        self.failed_as_expected = True
        self._case = case
        self._outer = outer
        self._options = options

    def run(self, method: Callable[[], Any]) -> None:
        """Run one as a whole test, and take off the instance what it sets there.

        Raises:
            BaseException: What went wrong; several errors as a group.
        """
        verdict = ExampleVerdict(self._case, self._outer)
        try:
            run_afresh(TestLifecycle(self._case, method, verdict), self._options)
        except KeyboardInterrupt:
            verdict.tell_outer()
            raise
        finally:
            self.failed_as_expected &= verdict.all_expected


def _explain_with_users_lines(error: BaseException) -> None:
    """Take libraries' lines out of the lines by which Hypothesis explains a failure.

    It notes a few of the lines that only failing examples run, and how many there are
    more. Where none of the user's is left, the heading goes too.
    """
    text = "\n".join(getattr(error, "__notes__", ()))
    shown = _LIBRARY_LINES.sub("", text)
    if shown != text:
        shown = _EMPTY_EXPLANATION.sub("", _MORE_LINES.sub("", shown))
        error.__notes__ = shown.splitlines()  # type: ignore[attr-defined]  # since 3.11


# --- Hypothesis's handle on the function below @given ------------------------------


class _Taken:
    """The function that was at a handle, and how many tests have its place taken.

    Two threads may run the same inherited test. What is below ``@given`` belongs to
    both.
    """

    def __init__(self, inner: Callable[..., Any]) -> None:
        self.inner = inner
        self.users = 0


_taken: dict[int, _Taken] = {}  # by the handle's id, while it is in use


def _take_over(handle: Any) -> None:
    with _lock:
        taken = _taken.setdefault(id(handle), _Taken(handle.inner_test))
        taken.users += 1
        # pytest-trio leaves its wrapper there for good.
        handle.inner_test = _each_in_a_run(unwrapped(taken.inner))


def _give_back(handle: Any) -> None:
    with _lock:
        taken = _taken[id(handle)]
        taken.users -= 1
        if taken.users == 0:
            handle.inner_test = _taken.pop(id(handle)).inner


def _each_in_a_run(inner: Callable[..., Any]) -> Callable[..., Any]:
    first = next(iter(inspect.signature(inner).parameters), "self")

    # Not seen by coverage, for its code will say that it is the test's.
    def example(*args: Any, **kwargs: Any) -> Any:  # pragma: no cover
        # The function may be another class's, too, and running there just now.
        case = args[0] if args else kwargs.get(first)
        run = getattr(case, "_trioExamples", None)
        call = partial(inner, *args, **kwargs)
        return call() if run is None else run(call)

    # Hypothesis shows where the code of a test is.
    example.__code__ = example.__code__.replace(
        co_filename=inner.__code__.co_filename,
        co_firstlineno=inner.__code__.co_firstlineno,
    )
    return wraps(inner)(example)
