"""How often a test is run, each time as a whole test.

Once; or once for each of Hypothesis's examples, or as often as a race finder says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._marks import has_examples
from ._options import options_of
from ._run_test import run_test
from ._test_lifecycle import TestLifecycle
from ._verdicts import verdict_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._case import AsyncTrioTestCase

__unittest = True
__hypothesistracebackhide__ = True  # what __unittest is for unittest


def run_as_decorated(case: AsyncTrioTestCase, method: Callable[[], Any]) -> None:
    """Run a test as often as its decorators say.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the cleanups.
        BaseException: What the test's verdict raises at the end.
    """
    verdict = verdict_for(case)
    try:
        options = options_of(case, method)
    except Exception as error:
        verdict.tell(error)  # never as the failure that the test expects
        verdict.close()
        return
    # What is rarely needed is imported late.
    if has_examples(method):
        from ._hypothesis import run_examples

        run_examples(case, method, verdict, options)
    elif options.race_finder is not None:
        from ._race_finders import find_races

        find_races(case, method, verdict, options)
    else:
        run_test(TestLifecycle(case, method, verdict), options)
