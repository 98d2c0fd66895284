"""What pytest users do with a test works on an async test, in every pytest.

The matrix runs this file on the older versions.
"""

from __future__ import annotations

import re
import unittest

from .harness import PYTEST, Process, plain

FAILING = """
    import trio
    from triocase import AsyncTrioTestCase

    class TestIt(AsyncTrioTestCase):
        async def helper(self, number):
            await trio.lowlevel.checkpoint()
            self.assertEqual(number, 2)

        async def test_fail(self):
            number = 1
            await self.helper(number)
"""


def run(source: str, *options: str, typed: str = "") -> tuple[int, str]:
    return Process(source, *PYTEST, *options, typed=typed).finish()


class TestDebugging(unittest.TestCase):
    def test_pdb(self) -> None:
        """``--pdb`` opens where the test failed, and the callers are a step up."""
        typed = "p 'here', number\nup\np 'above', number\ncontinue\n"
        code, output = run(FAILING, "--pdb", typed=typed)
        self.assertEqual(code, 1, output)
        self.assertRegex(
            output, r"test_it\.py\(8\)helper\(\)\s+-> self\.assertEqual\(number, 2\)"
        )
        self.assertIn("('here', 1)", output)
        self.assertRegex(output, r"test_it\.py\(12\)test_fail\(\)")
        self.assertIn("('above', 1)", output)

    def test_pdb_goes_on(self) -> None:
        """After ``continue`` at one failure the other tests run, teardowns too."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def asyncTearDown(self):
                    await trio.lowlevel.checkpoint()
                    print("torn down")

                async def test_1(self):
                    raise KeyError("one")

                async def test_2(self):
                    raise KeyError("two")
        """
        code, output = run(source, "--pdb", typed="continue\ncontinue\n")
        self.assertEqual(code, 1, output)
        self.assertIn("2 failed", output)
        self.assertEqual(output.count("(Pdb)"), 2, output)

    def test_pdb_postpones_the_teardown_of_a_sync_test(self) -> None:
        """pytest calls it when the run is over; what needs the run fails loudly."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                def tearDown(self):
                    trio.current_time()

                def test_sync(self):
                    trio.current_time()

                async def test_async(self):
                    trio.current_time()
        """
        code, output = run(source, "--pdb", typed="continue\n")
        self.assertEqual(code, 1, output)
        self.assertIn("RuntimeError: must be called from async context", output)
        self.assertIn("2 passed, 1 error", output)

    def test_trace(self) -> None:
        """``--trace`` runs the tests, if it does not stop in them."""
        source = (
            FAILING
            + """
        def test_sync(self):
            print("the body ran")
            return 5
"""
        )
        code, output = run(source, "--trace")
        self.assertEqual(code, 1, output)
        self.assertIn("the body ran", output)
        self.assertIn("test_sync returned 5; a test must return None", output)
        self.assertIn("AssertionError: 1 != 2", output)
        self.assertIn("2 failed", output)

    def test_breakpoint(self) -> None:
        """``breakpoint()`` stops there, with the test's variables."""
        source = FAILING.replace("number = 1", "number = 7; breakpoint()")
        code, output = run(source, typed="p 'number is', number\ncontinue\n")
        self.assertEqual(code, 1, output)
        self.assertIn("('number is', 7)", output)
        self.assertIn("AssertionError: 7 != 2", output)


class TestSelection(unittest.TestCase):
    SOURCE = """
        from triocase import AsyncTrioTestCase

        class TestIt(AsyncTrioTestCase):
            async def test_1_fail(self):
                print("one", "ran")
                self.fail("one")

            async def test_2_pass(self):
                print("two", "ran")

            async def test_3_fail(self):
                print("three", "ran")
                self.fail("three")
    """

    def test_x(self) -> None:
        """``-x`` stops at the first failure."""
        code, output = run(self.SOURCE, "-x")
        self.assertEqual(code, 1, output)
        self.assertIn("one ran", output)
        self.assertNotIn("two ran", output)
        self.assertRegex(output, r"=+ 1 failed in ")

    def test_k(self) -> None:
        """``-k`` selects, and what it leaves out does not run."""
        code, output = run(self.SOURCE, "-k", "pass", "-s")
        self.assertEqual(code, 0, output)
        self.assertIn("two ran", output)
        self.assertIn("1 passed, 2 deselected", output)

    def test_s_and_capture(self) -> None:
        """``-s`` prints at once; without it a failing test's report has the output."""
        _, output = run(self.SOURCE, "-s")
        self.assertLess(output.index("three ran"), output.index("FAILURES"), output)
        _, output = run(self.SOURCE)
        self.assertGreater(output.index("three ran"), output.index("FAILURES"), output)
        self.assertNotIn("two ran", output)


class TestReports(unittest.TestCase):
    maxDiff = None

    def _files(self, output: str) -> list[str]:
        """Return the files of the report's frames."""
        report = output.partition("FAILURES")[2].partition("short test summary")[0]
        return re.findall(r'(?m)^(?:  File "(?:.*/)?)?(\w+\.py)(?:"|:\d+)', report)

    def test_only_the_users_frames(self) -> None:
        """Every style of traceback shows the user's frames, and no other.

        But ``native``, where pytest leaves out nothing: it shows a frame of unittest's.
        """
        for style in ["short", "long", "native", "auto"]:
            with self.subTest(style):
                code, output = run(FAILING, f"--tb={style}")
                self.assertEqual(code, 1, output)
                above = ["case.py"] if style == "native" else []
                self.assertEqual(self._files(output), [*above, *["test_it.py"] * 2])

    def test_background(self) -> None:
        """So do the reports of a crash in a child task and in a background task."""
        source = """
            import trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def crash(self):
                    await trio.lowlevel.checkpoint()
                    raise KeyError("x")

                async def test_child(self):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(self.crash)

                async def test_background(self):
                    self.nursery.start_soon(self.crash)
                    await trio.sleep_forever()
        """
        for style in ["short", "long", "native"]:
            with self.subTest(style):
                code, output = run(source, f"--tb={style}")
                self.assertEqual(code, 1, output)
                files = [file for file in self._files(output) if file != "case.py"]
                self.assertEqual(files, ["test_it.py"] * 3, output)
                self.assertNotIn("sub-exception", output)

    def test_short(self) -> None:
        """The whole report of a failing assertion."""
        _, output = run(FAILING)
        report = plain(
            output.partition("TestIt.test_fail __")[2].partition("\n====")[0]
        )
        self.assertEqual(
            report.partition("\n")[2],
            "test_it.py:12: in test_fail\n"
            "    await self.helper(number)\n"
            "test_it.py:8: in helper\n"
            "    self.assertEqual(number, 2)\n"
            "E   AssertionError: 1 != 2",
        )


class TestFixturesAndMarks(unittest.TestCase):
    def test_fixtures_of_pytest(self) -> None:
        """autouse and usefixtures fixtures are set up around the whole test."""
        source = """
            import os, pytest, trio
            from triocase import AsyncTrioTestCase

            events = []

            @pytest.fixture
            def used():
                events.append("used")
                yield
                events.append("used over")

            @pytest.mark.usefixtures("used")
            class TestIt(AsyncTrioTestCase):
                @pytest.fixture(autouse=True)
                def automatic(self, monkeypatch, tmp_path):
                    monkeypatch.setenv("SET", "yes")
                    self.path = tmp_path
                    events.append("automatic")
                    yield
                    events.append("automatic over")

                async def asyncSetUp(self):
                    events.append("asyncSetUp")

                async def test_1(self):
                    await trio.lowlevel.checkpoint()
                    assert os.environ["SET"] == "yes"
                    assert self.path.is_dir()
                    events.append("test")

                async def asyncTearDown(self):
                    events.append("asyncTearDown")

            def test_2():
                assert "SET" not in os.environ
                assert sorted(events[:2]) == ["automatic", "used"]
                assert events[2:5] == ["asyncSetUp", "test", "asyncTearDown"]
                assert sorted(events[5:]) == ["automatic over", "used over"]
        """
        code, output = run(source, "-W", "error")
        self.assertEqual(code, 0, output)
        self.assertIn("2 passed", output)

    def test_marks(self) -> None:
        """pytest's marks have their verdicts."""
        source = """
            import pytest, trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                @pytest.mark.skip(reason="why")
                async def test_skipped(self):
                    raise NotImplementedError

                @pytest.mark.skipif("True", reason="why")
                async def test_skipped_if(self):
                    raise NotImplementedError

                @pytest.mark.xfail(reason="why")
                async def test_expected(self):
                    await trio.lowlevel.checkpoint()
                    self.fail("here")

                @pytest.mark.xfail(reason="why", strict=True)
                async def test_unexpected(self):
                    await trio.lowlevel.checkpoint()
        """
        code, output = run(source)
        self.assertEqual(code, 1, output)
        for name, word in [
            ("test_skipped", "SKIPPED"),
            ("test_skipped_if", "SKIPPED"),
            ("test_expected", "XFAIL"),
            ("test_unexpected", "FAILED"),
        ]:
            self.assertRegex(output, rf"TestIt::{name} {word}")

    def test_called_in_a_test(self) -> None:
        """``pytest.skip``, ``pytest.fail``, ``pytest.xfail`` and ``raises`` work inside."""
        source = """
            import pytest, trio
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                async def test_skip(self):
                    await trio.lowlevel.checkpoint()
                    pytest.skip("why")

                async def test_fail(self):
                    await trio.lowlevel.checkpoint()
                    pytest.fail("why")

                async def test_xfail(self):
                    await trio.lowlevel.checkpoint()
                    pytest.xfail("why")

                async def test_raises(self):
                    with pytest.raises(KeyError):
                        await trio.lowlevel.checkpoint()
                        raise KeyError

                async def test_skip_in_the_background(self):
                    self.nursery.start_soon(self.skip)
                    await trio.sleep_forever()

                async def skip(self):
                    pytest.skip("why")
        """
        code, output = run(source)
        self.assertEqual(code, 1, output)
        for name, word in [
            ("test_skip", "SKIPPED"),
            ("test_fail", "FAILED"),
            ("test_xfail", "XFAIL"),
            ("test_raises", "PASSED"),
            ("test_skip_in_the_background", "SKIPPED"),
        ]:
            self.assertRegex(output, rf"TestIt::{name} {word}")

    def test_what_pytest_does_not_do(self) -> None:
        """It passes no arguments to a method of a TestCase: that is an error."""
        source = """
            import pytest
            from triocase import AsyncTrioTestCase

            class TestIt(AsyncTrioTestCase):
                @pytest.mark.parametrize("number", [1, 2])
                async def test_1(self, number):
                    raise NotImplementedError

                async def test_2(self, tmp_path):
                    raise NotImplementedError
        """
        code, output = run(source)
        self.assertEqual(code, 1, output)
        self.assertIn("2 failed", output)
        self.assertIn("missing 1 required positional argument", output)
