"""``@pytest.mark.anyio`` on a test of ours is no silent pass: run where anyio is."""

from __future__ import annotations

import re
import unittest

from ..harness import PYTEST, Process

SOURCE = """
    import pytest
    import trio
    from triocase import AsyncTrioTestCase

    class TestIt(AsyncTrioTestCase):
        @pytest.mark.anyio
        async def test_pass(self):
            await trio.sleep(0)

        @pytest.mark.anyio
        async def test_fail(self):
            await trio.sleep(0)
            self.fail("here")
"""


class TestMark(unittest.TestCase):
    def test_fails_loudly(self) -> None:
        """Nothing passes but the test that passes, where the backend is Trio."""
        code, output = Process(SOURCE, *PYTEST).finish()
        self.assertEqual(code, 1, output)
        told = re.findall(r"(?m)^test_it.py::TestIt::(\S+) ([A-Z]+)", output)
        self.assertEqual(len(told), 4, output)
        passed = [name for name, word in told if word == "PASSED"]
        self.assertLessEqual(set(passed), {"test_pass[trio]"}, output)
