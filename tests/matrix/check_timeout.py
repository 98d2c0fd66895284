"""pytest-timeout ends one test, and the next is healthy: run where it is installed."""

from __future__ import annotations

import unittest

from ..harness import PYTEST, Process

SOURCE = """
    import time
    import pytest
    import trio
    from triocase import AsyncTrioTestCase

    class TestIt(AsyncTrioTestCase):
        @pytest.mark.timeout(0.5)
        async def test_1_waits(self):
            await trio.sleep(30)

        async def test_2_passes(self):
            await trio.lowlevel.checkpoint()

        @pytest.mark.timeout(0.5)
        async def test_3_blocks(self):
            time.sleep(30)

        async def test_4_passes(self):
            await trio.lowlevel.checkpoint()

        async def asyncTearDown(self):
            await trio.lowlevel.checkpoint()
            print("torn down:", self.id())
"""


class TestTimeout(unittest.TestCase):
    def test_signal(self) -> None:
        """The test fails with its frames and is torn down, and others pass."""
        code, output = Process(SOURCE, *PYTEST, "-s").finish()
        self.assertEqual(code, 1, output)
        self.assertIn("2 failed, 2 passed", output)
        self.assertEqual(output.count("torn down: "), 4, output)
        self.assertIn("await trio.sleep(30)", output)
        self.assertIn("Timeout", output)
        self.assertNotIn("from inside a run()", output)
