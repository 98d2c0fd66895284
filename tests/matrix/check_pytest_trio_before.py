"""What the page about pytest-trio says of it: run where pytest-trio is."""

from __future__ import annotations

import re
import subprocess
import sys
import unittest

from ..harness import PYTEST, ROOT, Process

FILES = ("pytest_trio_before.py", "test_from_pytest_trio.py")

# In each of these pytest-trio does what the page says; triocase differs.
DIFFERENCES = """
    import contextvars
    import time
    import pytest
    import trio

    pytestmark = pytest.mark.trio
    variable = contextvars.ContextVar("variable", default="unset")
    events = []

    async def rest(name):
        try:
            await trio.sleep_forever()
        finally:
            events.append(f"{name} ends")

    @pytest.fixture
    async def connection():
        yield
        events.append(f"connection ends, {variable.get()}")

    @pytest.fixture
    async def server(nursery, connection):
        nursery.start_soon(rest, "server's task")
        await trio.testing.wait_all_tasks_blocked()
        yield
        events.append("server ends")

    @pytest.fixture(autouse=True)
    async def everywhere():
        events.append("autouse")
        yield

    async def test_pass_rest_is_not_run(nursery):
        nursery.cancel_scope.cancel()
        await trio.sleep(0)
        assert False

    async def test_pass_await_is_missing():
        rest("never")

    async def test_pass_returned():
        return 3

    async def test_fail_group():
        assert 1 == 2

    async def test_fail_fixture(missing):
        pass

    @pytest.fixture
    async def missing():
        raise OSError("no server")

    async def test_skip():
        pytest.skip("the reason")

    async def test_fail_thread(autojump_clock):
        with trio.fail_after(5):
            await trio.to_thread.run_sync(time.sleep, 0.1, abandon_on_cancel=True)

    @pytest.fixture
    async def limited():
        with trio.move_on_after(0.01):
            yield

    async def test_fail_limited(limited):
        await trio.sleep(0.02)

    async def crash():
        raise RuntimeError("lost the database")

    @pytest.fixture
    async def crashing(nursery):
        nursery.start_soon(crash)
        try:
            yield
            events.append("crash: after the yield")
        finally:
            events.append("crash: teardown begins")
            await trio.sleep(0)
            events.append("crash: teardown ends")

    async def test_fail_crash_1(crashing):
        await trio.sleep(1)

    async def test_pass_crash_2():
        crashed = [event for event in events if event.startswith("crash: ")]
        assert crashed == ["crash: teardown begins"]

    async def test_pass_order_1(server, nursery):
        events.clear()
        variable.set("set by the test")
        nursery.start_soon(rest, "test's task")
        await trio.testing.wait_all_tasks_blocked()

    async def test_pass_order_2():
        assert events == [
            "test's task ends",
            "server ends",
            "server's task ends",
            "connection ends, set by the test",
        ]
"""

BOTH = """
    import pytest
    import trio
    from triocase import AsyncTrioTestCase, autojump_clock, fixture

    @pytest.fixture
    async def word():
        await trio.sleep(0)
        yield "theirs"

    @pytest.mark.trio
    async def test_pass_function(word, nursery, autojump_clock):
        nursery.start_soon(trio.sleep_forever)
        await trio.sleep(1000)
        assert word == "theirs"

    class TestFunctionInAClass:
        @pytest.mark.trio
        async def test_pass_method(self, word):
            assert word == "theirs"

    class TestCase(AsyncTrioTestCase):
        @fixture
        async def word(self):
            await trio.sleep(0)
            yield "ours"

        @pytest.fixture(autouse=True)
        def take_pytest_fixtures(self, tmp_path, capsys, monkeypatch, caplog):
            self.tmp_path, self.capsys = tmp_path, capsys
            self.monkeypatch, self.caplog = monkeypatch, caplog

        @autojump_clock
        async def test_pass_case(self):
            self.nursery.start_soon(trio.sleep_forever)
            await trio.sleep(1000)
            self.assertEqual(self.word, "ours")

        async def test_pass_pytest_fixtures(self):
            print(self.tmp_path.name)
            self.assertIn("test_pass_pytest", self.capsys.readouterr().out)
            self.monkeypatch.setenv("NAME", "value")
            with pytest.raises(OSError, match="gone"):
                raise OSError("gone")

        async def test_fail_case(self):
            await trio.sleep(0)
            self.fail("here")

        def test_pass_sync(self):
            self.assertEqual(self.word, "ours")

        async def test_skip(self):
            pytest.skip("the reason")
"""

# The same, where triocase does otherwise.
HERE = """
    import contextvars
    import time
    import unittest
    import trio
    from triocase import AsyncTrioTestCase, autojump_clock, fixture

    variable = contextvars.ContextVar("variable", default="unset")
    events = []

    async def rest(name):
        try:
            await trio.sleep_forever()
        finally:
            events.append(f"{name} ends")

    class TestOrder(AsyncTrioTestCase):
        @fixture
        async def connection(self):
            yield
            events.append(f"connection ends, {variable.get()}")

        @fixture
        async def server(self):
            self.nursery.start_soon(rest, "server's task")
            await trio.testing.wait_all_tasks_blocked()
            yield
            events.append("server ends")

        async def test_pass_order_1(self):
            events.clear()
            variable.set("set by the test")
            self.nursery.start_soon(rest, "test's task")
            await trio.testing.wait_all_tasks_blocked()

    class TestOrderWas(unittest.TestCase):
        def test_pass_order_2(self):
            self.assertEqual(events[:2], ["server ends", "connection ends, unset"])
            self.assertCountEqual(events[2:], ["server's task ends", "test's task ends"])

    class TestBackground(AsyncTrioTestCase):
        async def test_fail_rest_is_run(self):
            self.nursery.cancel_scope.cancel()
            await trio.sleep(0)
            self.fail("the reason")

        async def test_fail_await_is_missing(self):
            rest("never")

        async def test_fail_returned(self):
            return 3

        async def test_fail_alone(self):
            async with trio.open_nursery():
                self.fail("alone")

        async def test_skip(self):
            self.skipTest("the reason")

        @autojump_clock
        async def test_pass_thread(self):
            with trio.fail_after(5):
                await trio.to_thread.run_sync(time.sleep, 0.1, abandon_on_cancel=True)

    class TestLimited(AsyncTrioTestCase):
        @fixture
        async def limited(self):
            with trio.move_on_after(0.01):
                yield

        async def test_pass_limited(self):
            await trio.sleep(0.02)

    class TestMissing(AsyncTrioTestCase):
        @fixture
        async def missing(self):
            raise OSError("no server")

        async def test_fail_missing(self):
            pass

    class TestTeardown(AsyncTrioTestCase):
        @fixture
        async def crashing(self):
            self.nursery.start_soon(self.crash)
            yield
            await trio.sleep(0)
            events.append("crash: teardown ends")

        async def crash(self):
            raise RuntimeError("lost the database")

        async def test_fail_crash_1(self):
            await trio.sleep(1)

    class TestTeardownRan(unittest.TestCase):
        def test_pass_crash_2(self):
            self.assertIn("crash: teardown ends", events)
"""


def verdicts(output: str) -> list[tuple[str, str]]:
    return re.findall(r"(?m)^\S+::(\w+)\S* ([A-Z]+)\b", output)


class TestPage(unittest.TestCase):
    def check(self, output: str, count: int) -> None:
        """Compare each verdict with the one that is in the name."""
        told = verdicts(output)
        self.assertEqual(len(told), count, output)
        words = {"pass": "PASSED", "fail": "FAILED", "skip": "SKIPPED"}
        for name, word in told:
            self.assertEqual(word, words[name.split("_")[1]], output)

    def test_before_and_after(self) -> None:
        """The files before and after pass, in one run of pytest, in both modes."""
        for mode in ["false", "true"]:
            done = subprocess.run(
                [
                    sys.executable,
                    *("-m", "pytest", "-p", "no:cacheprovider", "-v"),
                    *("-o", f"trio_mode={mode}", *FILES),
                ],
                cwd=ROOT / "docs" / "examples",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
            )
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("16 passed", done.stdout)

    def test_in_one_file(self) -> None:
        """Functions of pytest-trio and classes of triocase live in one file."""
        for mode in ["false", "true"]:
            code, output = Process(BOTH, *PYTEST, "-o", f"trio_mode={mode}").finish()
            self.assertEqual(code, 1, output)
            self.check(output, 7)

    def test_differences(self) -> None:
        """pytest-trio does what the page says."""
        ignored = ["-W", "ignore::RuntimeWarning", "-W", "ignore::pytest.PytestWarning"]
        code, output = Process(DIFFERENCES, *PYTEST, *ignored, "-rs").finish()
        self.assertEqual(code, 1, output)
        self.check(output, 12)
        self.assertRegex(
            output, r"_ test_fail_group _+\n  \+ Exception Group Traceback"
        )
        self.assertNotIn("the reason", output)
        self.assertIn("TooSlowError", output)
        self.assertIn("cancelled the test but didn't raise an error", output)

    def test_differences_here(self) -> None:
        """triocase does what the page says."""
        code, output = Process(HERE, *PYTEST, "-rs").finish()
        self.assertEqual(code, 1, output)
        self.check(output, 12)
        self.assertNotIn("Exception Group", output)
        self.assertIn("SKIPPED [1] test_it.py:", output)

    def test_autouse(self) -> None:
        """With trio_mode, an async autouse fixture is set up for nobody."""
        source = (
            BOTH
            + """
    @pytest.fixture(autouse=True)
    async def everywhere():
        raise RuntimeError("set up")
        """
        )
        code, output = Process(source, *PYTEST, "-o", "trio_mode=true").finish()
        self.assertEqual(code, 1, output)
        told = dict(verdicts(output))
        self.assertEqual(told.pop("test_pass_sync"), "ERROR", output)
        self.assertEqual(told["test_pass_function"], "PASSED", output)
        self.assertEqual(told["test_pass_case"], "PASSED", output)
        self.assertNotIn("RuntimeError: set up", output)
