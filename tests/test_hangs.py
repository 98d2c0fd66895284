"""Twenty ways to hang: each is ended, with its line, and the run goes on to its end."""

from __future__ import annotations

import re
import unittest

from .harness import PYTEST, UNITTEST, Process

HANGS = """\
from functools import partial
import contextlib, subprocess, threading, time
import trio, trio.testing
from triocase import AsyncTrioTestCase, autojump_clock, fixture, mock_clock, time_limit
from triocase import _escalation

_escalation._GRACE = 1  # for the test suite's sake

lock = threading.Lock()


@time_limit(0.3)
class TestHangs(AsyncTrioTestCase):
    async def test_channel_beside_a_ticker(self):
        async def tick():
            while True:
                await trio.sleep(0.01)
        self.nursery.start_soon(tick)
        send, receive = trio.open_memory_channel(0)
        await receive.receive()  # hangs

    async def test_full_channel_beside_a_listener(self):
        await self.nursery.start(partial(trio.serve_tcp, print, 0, host="127.0.0.1"))
        send, receive = trio.open_memory_channel(0)
        await send.send(1)  # hangs

    async def test_shielded_sleep(self):
        with trio.CancelScope(shield=True):
            await trio.sleep(1000)  # hangs

    async def test_spin(self):
        while True: pass  # hangs

    async def test_checkpoints(self):
        while True:
            await trio.lowlevel.checkpoint()  # hangs

    async def test_swallows_cancelled(self):
        while True:
            try:
                await trio.sleep(1000)  # hangs
            except trio.Cancelled:
                pass

    async def test_time_sleep(self):
        time.sleep(1000)  # hangs

    async def test_lock(self):
        held = threading.Event()
        def hold():
            with lock:
                held.set()
                time.sleep(1000)
        threading.Thread(target=hold, daemon=True).start()
        held.wait()
        lock.acquire()  # hangs

    async def test_worker_thread(self):
        await trio.to_thread.run_sync(time.sleep, 1000)  # hangs

    async def test_subprocess(self):
        subprocess.run(["sleep", "1000"])  # hangs

    async def test_listener(self):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener:
            await listener.accept()  # hangs

    @mock_clock
    async def test_frozen_clock_with_io(self):
        a, b = trio.socket.socketpair()
        with a, b, trio.move_on_after(5):
            await a.recv(1)  # hangs

    @autojump_clock
    async def test_autojump_loop(self):
        while True:
            await trio.sleep(1)  # hangs


@time_limit(0.3)
class TestFixture(AsyncTrioTestCase):
    @fixture
    async def stuck(self):
        await trio.sleep_forever()  # hangs
        yield

    async def test_in_a_fixture(self):
        pass


@time_limit(0.3)
class TestSetUp(AsyncTrioTestCase):
    async def asyncSetUp(self):
        await trio.sleep_forever()  # hangs

    async def test_in_async_set_up(self):
        pass


@time_limit(0.3)
class TestTearDown(AsyncTrioTestCase):
    async def asyncTearDown(self):
        await trio.sleep_forever()  # hangs

    async def test_in_async_tear_down(self):
        pass


@time_limit(0.3)
class TestShieldedTearDown(AsyncTrioTestCase):
    async def asyncTearDown(self):
        with trio.CancelScope(shield=True):
            await trio.sleep_forever()  # hangs

    async def test_in_shielded_tear_down(self):
        pass


@time_limit(0.3)
class TestLater(AsyncTrioTestCase):
    async def cleanup(self):
        await trio.sleep_forever()  # hangs

    async def test_in_a_cleanup(self):
        self.addCleanup(self.cleanup)

    @contextlib.asynccontextmanager
    async def context(self):
        yield
        await trio.sleep_forever()  # hangs

    async def test_in_the_exit_of_a_context(self):
        await self.enterAsyncContext(self.context())

    async def background(self):
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep_forever()  # hangs

    async def test_in_the_finally_of_a_background_task(self):
        self.nursery.start_soon(self.background)
        await trio.testing.wait_all_tasks_blocked()


class TestZ(AsyncTrioTestCase):
    async def test_goes_on(self):
        await trio.sleep(0)
"""


class TestTwentyWays(unittest.TestCase):
    def test_runs_to_the_end(self) -> None:
        """Under unittest, unittest -c and pytest; each test has the right line."""
        self.assertEqual(HANGS.count("# hangs"), 20)
        runs = [UNITTEST, ("-m", "unittest", "-c", "-v", "test_it"), PYTEST]
        processes = [Process(HANGS, "-W", "error", *arguments) for arguments in runs]
        for arguments, process in zip(runs, processes, strict=True):
            code, output = process.finish()
            with self.subTest(arguments):
                self.assertEqual(code, 1, output)
                self.assertRegex(output, r"errors=20\)|20 failed, 1 passed")
                reports = re.split(r"(?m)^(?:=+\nERROR|_+ Test\w+\.)", output)[1:]
                self.assertEqual(len(reports), 20)
                for text in reports:
                    traceback, _, message = text.partition("TimeLimitExceeded")
                    self.assertIn("has not ended within its time limit of 0.3", message)
                    self.assertIn("# hangs", traceback)
                for noise in ["TrioInternalError", "ignored", "Warning"]:
                    self.assertNotIn(noise, output)
