"""What docs/hypothesis.rst says of an example beyond what its commands print."""

from __future__ import annotations

import re
import unittest

from .harness import ROOT, UNITTEST, Process

EXAMPLES = ROOT / "docs" / "examples"


class TestDrawnOrder(unittest.TestCase):
    """The account is faulty in one of two orders of the tasks."""

    def verdict(self, source: str) -> tuple[int, str]:
        path = f"import sys\nsys.path.append({str(EXAMPLES)!r})\n"
        faulty = source.replace("RepairedAccount as Account", "Account")
        self.assertNotEqual(faulty, source)
        return Process(path + faulty, *UNITTEST).finish(timeout=60)

    def setUp(self) -> None:
        self.source = (EXAMPLES / "with_hypothesis_order.py").read_text()

    def test_found_if_the_order_is_drawn(self) -> None:
        """With ``st.random_module()`` the fault is found, with its seed."""
        code, output = self.verdict(self.source)
        self.assertEqual(code, 1, output)
        self.assertIn("order=RandomSeeder(1),", output)

    def test_hidden_if_it_is_not(self) -> None:
        """Without it each example has the same order, and the fault stays hidden."""
        same = re.sub(r", order(=st\.random_module\(\)|: object)", "", self.source)
        self.assertNotIn("order:", same)
        code, output = self.verdict(same)
        self.assertEqual(code, 0, output)
