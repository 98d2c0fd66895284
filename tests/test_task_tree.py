"""The picture of where every task waits."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import sys
import threading
import unittest
from collections.abc import AsyncIterator
from typing import Any
from unittest import mock

import trio
import trio.lowlevel
import trio.testing

from triocase import AsyncTrioTestCase, fixture, time_limit
from triocase._task_tree import running_at, task_tree

from .harness import PYTEST, UNITTEST, Process, plain, report, run, told

LIMIT = 0.1


class Shown(AsyncTrioTestCase):
    """A test that looks at itself."""

    tree: str

    async def look(self) -> None:
        """Take the picture when all tasks are blocked, from a task that ends."""
        await trio.testing.wait_all_tasks_blocked()
        type(self).tree = plain(task_tree(self._trioTest, None))
        trio.lowlevel.current_root_task().child_nurseries[2].cancel_scope.cancel()


def tree_of(case: type[Shown]) -> str:
    """Return the picture, with short names."""
    run(case)
    prefix = f"{case.__module__}.{case.__qualname__.rpartition('.')[0]}."
    return case.tree.replace(prefix, "").replace(f"{__name__}.", "")


class TestTree(unittest.TestCase):
    maxDiff = None

    def test_all_there_is(self) -> None:
        """Nested nurseries, background tasks, contexts and fixtures, system tasks."""

        class Inner(Shown):
            @fixture
            async def service(self) -> AsyncIterator[int]:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self.serve)
                    yield 1
                    nursery.cancel_scope.cancel()

            @contextlib.asynccontextmanager
            async def connection(self) -> AsyncIterator[None]:
                yield

            async def serve(self) -> None:
                await self.wait()

            async def wait(self) -> None:
                await trio.Event().wait()

            async def start(self, task_status: Any) -> None:
                await self.wait()

            async def nested(self) -> None:
                async with trio.open_nursery() as nursery:
                    for _ in range(3):
                        nursery.start_soon(self.wait)
                    nursery.start_soon(trio.sleep, 1000)

            async def test(self) -> None:
                await self.enterAsyncContext(self.connection())
                self.nursery.start_soon(self.serve)
                trio.lowlevel.spawn_system_task(self.wait)
                trio.lowlevel.spawn_system_task(self.look)
                async with trio.open_nursery() as outer:
                    async with trio.open_nursery() as inner:
                        outer.start_soon(self.nested)
                        inner.start_soon(self.wait)
                        await inner.start(self.start)

        self.assertEqual(
            tree_of(Inner),
            """\
Inner.test (the test)
  File "test_task_tree.py", line N, in test
    await inner.start(self.start)
  waits in trio.Nursery.start
  nursery:
    Inner.nested
      File "test_task_tree.py", line N, in nested
        async with trio.open_nursery() as nursery:
      waits in trio.open_nursery, for its tasks
      nursery:
        Inner.wait × 3
          File "test_task_tree.py", line N, in wait
            await trio.Event().wait()
          waits for an Event
        trio.sleep
          waits in trio.sleep
  nursery:
    Inner.wait
      File "test_task_tree.py", line N, in wait
        await trio.Event().wait()
      waits for an Event
  nursery:
    Inner.start
      File "test_task_tree.py", line N, in start
        await self.wait()
      File "test_task_tree.py", line N, in wait
        await trio.Event().wait()
      waits for an Event
self.nursery:
  Inner.serve
    File "test_task_tree.py", line N, in serve
      await self.wait()
    File "test_task_tree.py", line N, in wait
      await trio.Event().wait()
    waits for an Event
contexts and fixtures:
  TestTree.test_all_there_is.<locals>.Inner.connection
    waits for its turn
  TestTree.test_all_there_is.<locals>.Inner.service
    waits for its turn
    nursery:
      Inner.serve
        File "test_task_tree.py", line N, in serve
          await self.wait()
        File "test_task_tree.py", line N, in wait
          await trio.Event().wait()
        waits for an Event
other tasks of the run:
  Shown.look
    File "test_task_tree.py", line N, in look
      type(self).tree = plain(task_tree(self._trioTest, None))
  Inner.wait
    File "test_task_tree.py", line N, in wait
      await trio.Event().wait()
    waits for an Event
""".rstrip(),
        )

    def test_public_calls(self) -> None:
        """Below the user's frames stands the function of Trio's that they have called."""

        async def in_thread() -> None:
            await trio.to_thread.run_sync(threading.Event().wait, 1)

        async def socket() -> None:
            left, right = trio.socket.socketpair()
            with left, right:
                await left.recv(1)

        async def accept() -> None:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            async with listener:
                await listener.accept()

        class Inner(Shown):
            async def our_own(self) -> None:
                @contextlib.asynccontextmanager
                async def slow() -> AsyncIterator[None]:
                    await trio.sleep_forever()
                    yield  # never

                await self.enterAsyncContext(slow())

            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    for name, function in calls.items():
                        function = getattr(self, name, function)
                        nursery.start_soon(function, name=name)
                    nursery.start_soon(self.look)

        async def fail_after() -> None:
            with trio.fail_after(1000):
                await trio.lowlevel.wait_task_rescheduled(
                    lambda _: trio.lowlevel.Abort.SUCCEEDED
                )

        calls = {
            "thread": in_thread,
            "socket": socket,
            "accept": accept,
            "rescheduled": fail_after,
            "our_own": None,
        }
        tree = tree_of(Inner)
        for name, call in [
            ("thread", "trio.to_thread.run_sync"),
            ("socket", "trio.lowlevel.wait_readable"),
            ("accept", "trio.SocketListener.accept"),
            ("rescheduled", "trio.lowlevel.wait_task_rescheduled"),
            ("our_own", "self.enterAsyncContext"),
        ]:
            self.assertRegex(
                tree, rf"\n    {name}\n(      .*\n)+      waits in {call}\b"
            )

    def test_module_that_is_not_imported(self) -> None:
        """No module of Trio's is imported for it."""

        class Inner(Shown):
            async def test(self) -> None:
                self.nursery.start_soon(self.look)
                await trio.sleep_forever()

        with mock.patch.dict(sys.modules):
            del sys.modules["trio.testing"]
            self.assertIn("waits in trio.sleep_forever", tree_of(Inner))
            self.assertNotIn("trio.testing", sys.modules)

    def test_thousands(self) -> None:
        """Equal tasks are told once; what differs is cut at some hundred lines."""

        class Inner(Shown):
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    for _ in range(1000):
                        nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(self.look)

        class Different(Shown):
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    for i in range(1000):
                        nursery.start_soon(trio.sleep_forever, name=f"task {i}")
                    nursery.start_soon(self.look)

        self.assertLess(len(tree_of(Inner).splitlines()), 15)
        self.assertIn("trio.sleep_forever × 1000\n", Inner.tree)
        lines = tree_of(Different).splitlines()
        self.assertEqual(len(lines), 201)
        self.assertRegex(lines[-1], r"… and \d+ lines more")

    def test_deep(self) -> None:
        """Nurseries in nurseries are shown to some depth."""

        class Inner(Shown):
            async def deeper(self, level: int) -> None:
                async with trio.open_nursery() as nursery:
                    if level:
                        nursery.start_soon(self.deeper, level - 1)
                    else:
                        nursery.start_soon(self.look)

            async def test(self) -> None:
                await self.deeper(100)

        lines = [line.strip() for line in tree_of(Inner).splitlines()]
        self.assertEqual(lines.count("nursery:"), 30)

    def test_recursion(self) -> None:
        """A function that calls itself is told as Python does in a traceback."""

        class Inner(Shown):
            async def again(self, times: int) -> None:
                if times:
                    await self.again(times - 1)
                await trio.sleep_forever()

            async def test(self) -> None:
                self.nursery.start_soon(self.look)
                await self.again(100)

        self.assertIn("[Previous line repeated 97 more times]", tree_of(Inner))

    def test_host_around_it(self) -> None:
        """What a host runs around the test and beside it is shown, too."""

        class Inner(Shown):
            def runTrio(self, async_fn: Any, *, clock: Any, instruments: Any) -> None:
                async def host() -> None:
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(trio.sleep_forever, name="beside")
                        nursery.start_soon(async_fn, name="the test")

                trio.run(host)

            async def test(self) -> None:
                self.nursery.start_soon(self.look)
                await trio.sleep_forever()

        self.assertRegex(
            tree_of(Inner),
            r"(?s)^Inner.test \(the test\).*self.nursery:.*"
            r"other tasks of the run:\n.*host\n.*nursery:\n +beside\n",
        )
        self.assertEqual(Inner.tree.count("the test"), 1)

    def test_context_that_was_left(self) -> None:
        """A context that has been left already is no longer in the picture."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(trio.sleep_forever)
                await self.enterAsyncContext(trio.open_nursery())

        text = report(Inner)
        self.assertNotIn("cannot be shown", text)
        self.assertNotIn("contexts and fixtures", text)

    def test_empty_nursery(self) -> None:
        """A nursery without tasks is not shown."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                async with trio.open_nursery():
                    await trio.sleep_forever()

        self.assertNotIn("nursery:", report(Inner))

    def test_has_ended(self) -> None:
        """A task whose code has just ended is shown as such."""
        from triocase._task_tree import task_tree

        trees: list[str] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                with mock.patch("triocase._task_tree.stack_of", return_value=[]):
                    trees.append(task_tree(self._trioTest, None))

        self.assertEqual(told(Inner), ["pass"])
        self.assertIn("(the test)\n  has ended", trees[0])

    def test_called_by_trio(self) -> None:
        """What Trio has called the user's code for is not what that waits in."""

        class Stream(trio.abc.SendStream):
            async def send_all(self, data: Any) -> None:
                await trio.Event().wait()

            async def wait_send_all_might_not_block(self) -> None:
                raise NotImplementedError

            async def aclose(self) -> None:
                raise NotImplementedError

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                stream: Any = Stream()
                await trio.StapledStream(stream, stream).send_all(b"")

        self.assertIn("  waits for an Event\n", report(Inner))

    def test_order_of_tasks(self) -> None:
        """Tasks come nursery by nursery, those of each by their names."""
        from triocase._tasks import tasks_in

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                names = [f"{letter}{i}" for letter in "ab" for i in range(9)]
                async with trio.open_nursery() as a, trio.open_nursery() as b:
                    for name in names:
                        nursery = a if name[0] == "a" else b
                        nursery.start_soon(trio.sleep_forever, name=name)
                    self.assertEqual([t.name for t in tasks_in([a, b])], names)
                    a.cancel_scope.cancel()

        self.assertEqual(told(Inner), ["pass"])

    def test_odd_names(self) -> None:
        """A task whose name is no string, and a test that cannot tell its own."""

        class Inner(AsyncTrioTestCase):
            def id(self) -> str:
                raise ValueError

            @time_limit(LIMIT)
            async def test(self) -> None:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    for task in nursery.child_tasks:
                        task.name = None  # type: ignore[assignment]

        (text,) = told(Inner)
        self.assertRegex(text, r"Its tasks:\n\n<class '\S+Inner'> \(the test\)\n")
        self.assertRegex(text, r"nursery:\n    None\n      waits in trio.sleep_forever")

    def test_function_of_trio(self) -> None:
        """A function of Trio's that the test has given as a cleanup, say, is named."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                self.addCleanup(trio.sleep_forever)

        (text,) = told(Inner)
        self.assertIn("test (the test)\n  waits in trio.sleep_forever", text)

    def test_odd_awaitable(self) -> None:
        """A test that awaits what cannot be looked at is ended all the same."""

        class Odd:
            cr_frame = None

            def __init__(self) -> None:
                sleeping = trio.Event().wait()
                self.steps = sleeping.__await__()

            def __await__(self) -> Any:
                return self

            def __iter__(self) -> Any:
                return self  # never

            def __next__(self) -> Any:
                return self.send(None)

            def send(self, value: Any) -> Any:
                return self.steps.send(value)

            def throw(self, *error: Any) -> Any:
                return self.steps.throw(*error)  # never

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await Odd()

        (text,) = told(Inner)
        self.assertIn("ERROR TimeLimitExceeded", text)
        self.assertIn("They cannot be shown: AttributeError", text)

    def test_that_cannot_be_made(self) -> None:
        """If it cannot be made, that is said, and nothing else goes wrong."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                with mock.patch("traceback.StackSummary.format", side_effect=OSError):
                    await trio.sleep_forever()

        (text,) = told(Inner)
        self.assertIn("Its tasks:\n\n(They cannot be shown: OSError())", text)

    def test_between_steps(self) -> None:
        """While Trio itself runs, no task does."""
        seen: list[object] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                frame = sys._getframe()
                running = running_at(frame)
                self.assertIs(running.task, trio.lowlevel.current_task())
                seen.append(running.stack[-1][0] is frame)
                while frame.f_code.co_name != "unrolled_run":
                    assert frame.f_back is not None
                    frame = frame.f_back
                seen.append(running_at(frame).task)

        self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(seen, [True, None])
        self.assertIsNone(running_at(sys._getframe()).task)

    def test_where_the_test_is_stuck(self) -> None:
        """Without a line of the test's own, the report shows what it waits for."""

        class Inner(AsyncTrioTestCase):
            @time_limit(LIMIT)
            async def test(self) -> None:
                await self.enterAsyncContext(self.context())

            @contextlib.asynccontextmanager
            async def context(self) -> AsyncIterator[None]:
                yield
                await trio.sleep_forever()

        self.assertIn("in context\n    await trio.sleep_forever()\ntrio", report(Inner))


class TestCtrlC(unittest.TestCase):
    """The same picture is printed at Ctrl-C, before the run stops."""

    SOURCE = """
import os, signal, sys, threading, time
import trio
from triocase import AsyncTrioTestCase

signal.signal(signal.SIGINT, signal.default_int_handler)

class TestA(AsyncTrioTestCase):
    async def handler(self):
        await trio.sleep_forever()

    def clean(self):
        print("CLEANUP", file=sys.__stdout__)

    async def test_a(self):
        self.addCleanup(self.clean)
        async with trio.open_nursery() as nursery:
            for _ in range(7):
                nursery.start_soon(self.handler)
            await trio.testing.wait_all_tasks_blocked()
            press = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
            press.start()
            try:
                BODY
            finally:
                nursery.cancel_scope.cancel()

class TestB(AsyncTrioTestCase):
    async def test_b(self):
        print("NEXT TEST")
""".replace("import trio\n", "import trio, trio.testing\n")

    def check(self, body: str, *runs: tuple[str, ...]) -> list[str]:
        source = self.SOURCE.replace("BODY", body)
        outputs = [Process(source, *arguments) for arguments in runs]
        texts = [process.finish()[1] for process in outputs]
        for text in texts:
            self.assertRegex(
                text,
                r"(?s)Ctrl-C in test_it.TestA.test_a. Its tasks:\n\n"
                r"test_it.TestA.test_a \(the test\)\n"
                r".*test_it.TestA.handler × 7\n",
            )
            self.assertEqual(text.count("Ctrl-C in"), 1)
            self.assertNotIn("NEXT TEST", text)
        return texts

    def test_waiting(self) -> None:
        """While the test waits; under unittest and pytest, whatever they capture."""
        self.check(
            "await trio.sleep(60)",
            *(UNITTEST, ("-m", "unittest", "-b", "test_it")),
            *((*PYTEST, "-s"), PYTEST, (*PYTEST, "--capture=sys")),
        )

    def test_computing(self) -> None:
        """While it computes or blocks, with the line where it is."""
        for body in ["while True: pass", "time.sleep(60)"]:
            (text,) = self.check(body, UNITTEST)
            self.assertRegex(text, rf"in test_a\n    {re.escape(body)}\n  is running\n")

    def test_catch_option(self) -> None:
        """Under unittest -c, where the test goes on to its end."""
        (text,) = self.check(
            "await trio.to_thread.run_sync(press.join)",
            ("-m", "unittest", "-c", "-v", "test_it"),
        )
        self.assertIn("Ran 1 test", text)
        self.assertIn("OK", text)

    def test_handler_of_the_user(self) -> None:
        """With a handler of the user's, which then gets it."""
        heard: list[int] = []

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                for _ in range(2):
                    signal.raise_signal(signal.SIGINT)
                    await trio.lowlevel.checkpoint()

        before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(1))
        self.addCleanup(signal.signal, signal.SIGINT, before)
        stream = mock.Mock()
        with mock.patch("sys.__stderr__", stream):
            self.assertEqual(told(Inner), ["pass"])
        self.assertEqual(heard, [1, 1])
        printed = "".join(call.args[0] for call in stream.write.call_args_list)
        self.assertEqual(printed.count("Ctrl-C in "), 2)

    def test_that_cannot_be_printed(self) -> None:
        """If it cannot be printed, Ctrl-C is a Ctrl-C all the same."""

        class Broken(mock.Mock):
            def write(self, text: str) -> None:
                raise BrokenPipeError

        class Inner(AsyncTrioTestCase):
            def id(self) -> str:
                raise ValueError

            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", Broken()):
            with self.assertRaises(KeyboardInterrupt):
                run(Inner)
            with self.assertRaises(KeyboardInterrupt):
                Inner("test").debug()

    def test_past_what_captures(self) -> None:
        """A runner with pytest's plugin for it stops capturing meanwhile."""
        stream = io.StringIO()
        events: list[str] = []

        @contextlib.contextmanager
        def disabled() -> Any:
            events.append("before" + stream.getvalue())
            yield
            events.append(stream.getvalue())

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)

        config = mock.Mock()
        plugin = config.pluginmanager.getplugin
        plugin.return_value.global_and_fixture_disabled = disabled
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", stream):
            with self.assertRaises(KeyboardInterrupt):
                run(Inner, config=config)
        plugin.assert_called_once_with("capturemanager")
        self.assertEqual(events[0], "before")
        self.assertIn("Ctrl-C in", events[1])

    def test_in_debug(self) -> None:
        """In ``debug()`` too."""

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        stream = io.StringIO()
        with mock.patch("sys.__stderr__", stream):
            with self.assertRaises(KeyboardInterrupt):
                Inner("test").debug()
        self.assertRegex(stream.getvalue(), r"Ctrl-C in \S+Inner.test. Its tasks:")

    def test_handler_that_makes_way(self) -> None:
        """A handler that puts another in its place has done so."""

        def second(number: int, frame: object) -> None:
            raise NotImplementedError

        def first(number: int, frame: object) -> None:
            signal.signal(signal.SIGINT, second)

        class Inner(AsyncTrioTestCase):
            async def test(self) -> None:
                signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, first)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch("sys.__stderr__", None):
            self.assertEqual(told(Inner), ["pass"])
        self.assertIs(signal.getsignal(signal.SIGINT), second)

    def test_then_the_limit(self) -> None:
        """It still stops the run if its handling had to be ended by the limit."""
        source = """
import os, signal, trio
from triocase import AsyncTrioTestCase, time_limit, _escalation

_escalation._GRACE = 0.2
signal.signal(signal.SIGINT, signal.default_int_handler)

class TestA(AsyncTrioTestCase):
    @time_limit(0.3)
    async def test_a(self):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await trio.sleep(60)
        finally:
            while True:
                try:
                    await trio.sleep_forever()
                except trio.Cancelled:
                    pass

class TestB(AsyncTrioTestCase):
    async def test_b(self):
        print("NEXT TEST")
"""
        _, output = Process(source, *UNITTEST).finish()
        self.assertIn("\nKeyboardInterrupt", output)
        self.assertNotIn("NEXT TEST", output)
