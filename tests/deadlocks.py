"""Twenty-five deadlocks, and more long waits that are none: each a test of its own.

They stand in files that other processes run, under unittest and pytest.
"""

from __future__ import annotations

DEADLOCKS = """\
import math, os
import trio, trio.testing
from triocase import AsyncTrioTestCase, autojump_clock, mock_clock
from triocase import _deadlock, _time_limit, _watchdog

if "HASTE" in os.environ:  # for the test suite's sake
    _watchdog._PAUSE = _time_limit._LOOK = 0.05
    _deadlock._UNCHANGED = _deadlock._MARGIN = 0.1


class Deadlocks:
    async def both(self, *functions):
        async with trio.open_nursery() as nursery:
            for function in functions:
                nursery.start_soon(function)

    async def test_two_locks_crossed(self):
        one, other = trio.Lock(), trio.Lock()
        async def left():
            async with one:
                await trio.lowlevel.checkpoint()
                async with other: pass
        async def right():
            async with other:
                await trio.lowlevel.checkpoint()
                async with one: pass
        await self.both(left, right)

    async def test_lock_taken_twice_across_tasks(self):
        lock = trio.Lock()
        async with lock:
            await self.both(lock.acquire)

    async def test_event_never_set(self):
        await trio.Event().wait()

    async def test_sleep_without_an_end(self):
        with trio.move_on_after(math.inf):
            await trio.sleep(math.inf)

    async def test_events_set_too_late(self):
        one, other = trio.Event(), trio.Event()
        async def left():
            await one.wait()
            other.set()
        async def right():
            await other.wait()
            one.set()
        await self.both(left, right)

    async def test_receive_with_the_send_end_open(self):
        send, receive = trio.open_memory_channel(0)
        await receive.receive()

    async def test_loop_with_the_send_end_open(self):
        send, receive = trio.open_memory_channel(1)
        await send.send(1)
        async for value in receive: pass

    async def test_send_without_a_receiver(self):
        send, receive = trio.open_memory_channel(0)
        await send.send(1)

    async def test_full_channel_whose_reader_waits_for_the_writer(self):
        send, receive = trio.open_memory_channel(1)
        written = trio.Event()
        async def write():
            for value in range(3):
                await send.send(value)
            written.set()
        async def read():
            await written.wait()
            await receive.receive()
        await self.both(write, read)

    async def test_condition_never_notified(self):
        condition = trio.Condition()
        async with condition:
            await condition.wait()

    async def test_condition_notified_by_one_that_keeps_its_lock(self):
        condition = trio.Condition()
        async def wait():
            async with condition:
                await condition.wait()
        async def notify():
            await trio.testing.wait_all_tasks_blocked()
            async with condition:
                condition.notify()
                await trio.sleep_forever()
        await self.both(wait, notify)

    async def test_semaphore_leaked(self):
        semaphore = trio.Semaphore(1)
        await semaphore.acquire()
        async with semaphore: pass

    async def test_limiter_of_its_own_child(self):
        limiter = trio.CapacityLimiter(1)
        async def child():
            async with limiter: pass
        async with limiter:
            await self.both(child)

    async def test_thread_that_nobody_gets(self):
        limiter = trio.CapacityLimiter(1)
        await limiter.acquire()
        async def work():
            await trio.to_thread.run_sync(print, limiter=limiter)
        await self.both(work, work)

    async def test_strict_lock_that_is_not_given_back(self):
        lock = trio.StrictFIFOLock()
        async def keep():
            async with lock:
                await trio.sleep_forever()
        async def want():
            await trio.testing.wait_all_tasks_blocked()
            async with lock: pass
        await self.both(keep, want)

    async def test_nursery_that_waits_for_one_that_waits_for_its_end(self):
        ended = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ended.wait)
        ended.set()

    async def test_cancelled_too_late(self):
        scope, ended = trio.CancelScope(), trio.Event()
        async def work():
            with scope:
                await trio.sleep_forever()
            ended.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(work)
            await ended.wait()
            scope.cancel()

    async def test_start_that_is_never_told_started(self):
        async def serve(task_status):
            await trio.sleep_forever()
        async with trio.open_nursery() as nursery:
            await nursery.start(serve)

    async def test_stream_without_a_peer(self):
        here, there = trio.testing.memory_stream_pair()
        await here.receive_some(1)

    async def test_stream_in_lockstep(self):
        here, there = trio.testing.lockstep_stream_pair()
        await here.send_all(b"x")

    async def test_parking_lot(self):
        await trio.lowlevel.ParkingLot().park()

    async def test_primitive_of_ones_own(self):
        def abort(_):
            return trio.lowlevel.Abort.SUCCEEDED
        await trio.lowlevel.wait_task_rescheduled(abort)

    async def test_background_task_and_the_test(self):
        one, other = trio.Event(), trio.Event()
        async def work():
            await one.wait()
            other.set()
        self.nursery.start_soon(work)
        await other.wait()
        one.set()


class TestReal(Deadlocks, AsyncTrioTestCase):
    pass


@mock_clock
class TestMock(Deadlocks, AsyncTrioTestCase):
    async def test_timer_of_a_clock_that_stands_still(self):
        with trio.move_on_after(5):
            await self.both(trio.Event().wait, lambda: trio.sleep(1))


@autojump_clock
class TestAutojump(Deadlocks, AsyncTrioTestCase):
    @autojump_clock(threshold=1)
    async def test_long_threshold(self):
        await trio.Event().wait()
"""

LONG_WAITS = """\
import functools, os, queue, signal, socket, subprocess, sys, threading, time
import trio, trio.testing
from triocase import AsyncTrioTestCase, autojump_clock, deadlock_check, mock_clock
from triocase import _deadlock, _time_limit, _watchdog

LONG = 2.5
if "HASTE" in os.environ:  # for the test suite's sake
    _watchdog._PAUSE = _time_limit._LOOK = 0.05
    _deadlock._UNCHANGED = _deadlock._MARGIN = 0.1
    LONG = 0.5

orders = queue.Queue()  # for a thread that is older than all tests
def obey():
    while True:
        wait, function = orders.get()
        time.sleep(wait)
        function()
        del function
threading.Thread(target=obey, daemon=True).start()


class TestLongWaits(AsyncTrioTestCase):
    def setUp(self):
        self.event = trio.Event()

    async def test_sleep(self):
        await trio.sleep(LONG)

    async def test_task_that_sleeps(self):
        async def work():
            await trio.sleep(LONG)
            self.event.set()
        self.nursery.start_soon(work)
        await self.event.wait()

    async def test_deadline(self):
        with trio.move_on_after(LONG):
            await self.event.wait()

    async def test_wait_all_tasks_blocked(self):
        self.nursery.start_soon(self.event.wait)
        start = time.monotonic()
        await trio.testing.wait_all_tasks_blocked(LONG)
        self.assertLess(time.monotonic() - start, 4 * LONG)

    @autojump_clock(threshold=LONG)
    async def test_long_threshold(self):
        start = time.monotonic()
        await trio.sleep(1000)
        self.assertLess(time.monotonic() - start, 4 * LONG)

    @autojump_clock(threshold=LONG)
    async def test_long_threshold_before_a_deadline(self):
        start = time.monotonic()
        with trio.move_on_after(1000):
            await self.event.wait()
        self.assertLess(time.monotonic() - start, 4 * LONG)

    @mock_clock(rate=100)
    async def test_clock_with_a_rate(self):
        with trio.move_on_after(100 * LONG):
            await self.event.wait()

    async def test_signal_receiver(self):
        with trio.open_signal_receiver(signal.SIGUSR1) as signals:
            timer = threading.Timer(LONG, os.kill, [os.getpid(), signal.SIGUSR1])
            timer.start()
            async for number in signals:
                break

    async def test_socket(self):
        here, there = trio.socket.socketpair()
        with here, there:
            threading.Timer(LONG, os.write, [there.fileno(), b"x"]).start()
            await here.recv(1)

    async def test_listener(self):
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with listener:
            address = listener.socket.getsockname()
            def connect():
                socket.create_connection(address).close()
            threading.Timer(LONG, connect).start()
            async with await listener.accept(): pass

    @autojump_clock
    async def test_socket_in_virtual_time(self):
        here, there = trio.socket.socketpair()
        with here, there:
            threading.Timer(LONG, os.write, [there.fileno(), b"x"]).start()
            await here.recv(1)

    async def test_worker_thread(self):
        await trio.to_thread.run_sync(time.sleep, LONG)

    @autojump_clock
    async def test_worker_thread_in_virtual_time(self):
        await trio.to_thread.run_sync(time.sleep, LONG)

    async def test_abandoned_worker(self):
        def work(token):
            time.sleep(LONG)
            token.run_sync_soon(self.event.set)
        token = trio.lowlevel.current_trio_token()
        with trio.move_on_after(0.01):
            await trio.to_thread.run_sync(work, token, abandon_on_cancel=True)
        del token
        await self.event.wait()

    async def test_abandoned_worker_that_comes_back_by_itself(self):
        class Limiter:
            def acquire_on_behalf_of_nowait(self, borrower): pass
            async def acquire_on_behalf_of(this, borrower): pass
            def release_on_behalf_of(this, borrower): self.event.set()
        with trio.move_on_after(0.01):
            await trio.to_thread.run_sync(
                time.sleep, LONG, abandon_on_cancel=True, limiter=Limiter()
            )
        await self.event.wait()

    async def test_queue_for_a_worker_thread(self):
        limiter = trio.CapacityLimiter(1)
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(
                    functools.partial(
                        trio.to_thread.run_sync, time.sleep, LONG, limiter=limiter
                    )
                )

    async def test_worker_that_comes_back(self):
        def work():
            trio.from_thread.run(wait)
        async def wait():
            await trio.to_thread.run_sync(time.sleep, LONG)
            self.event.set()
        self.nursery.start_soon(trio.to_thread.run_sync, work)
        await self.event.wait()

    async def test_subprocess(self):
        await trio.run_process(["sleep", str(LONG)])

    async def test_output_of_a_subprocess(self):
        code = f"import time; time.sleep({LONG}); print(7)"
        process = await trio.run_process([sys.executable, "-c", code], capture_stdout=True)
        self.assertEqual(process.stdout.strip(), b"7")

    async def test_foreign_thread(self):
        token = trio.lowlevel.current_trio_token()
        threading.Timer(LONG, token.run_sync_soon, [self.event.set]).start()
        del token
        await self.event.wait()

    async def test_foreign_thread_that_waits_for_the_answer(self):
        token = trio.lowlevel.current_trio_token()
        async def ring():
            self.event.set()
        def work(token):
            time.sleep(LONG)
            trio.from_thread.run(ring, trio_token=token)
        threading.Thread(target=work, args=[token]).start()
        del token
        await self.event.wait()

    async def test_older_thread(self):
        token = trio.lowlevel.current_trio_token()
        orders.put((LONG, functools.partial(token.run_sync_soon, self.event.set)))
        del token
        await self.event.wait()

    @mock_clock
    async def test_foreign_thread_that_moves_time(self):
        token = trio.lowlevel.current_trio_token()
        threading.Timer(LONG, token.run_sync_soon, [self.clock.jump, 5]).start()
        del token
        await trio.sleep(5)

    async def test_trio_run_of_another_thread(self):
        token = trio.lowlevel.current_trio_token()
        async def other():
            await trio.sleep(LONG)
            token.run_sync_soon(self.event.set)
        thread = threading.Thread(target=trio.run, args=[other])
        thread.start()
        await self.event.wait()
        thread.join()

    async def test_pipe(self):
        reading, writing = os.pipe()
        threading.Timer(LONG, os.close, [writing]).start()
        await trio.lowlevel.wait_readable(reading)
        os.close(reading)

    @deadlock_check(False)
    async def test_handler_of_a_signal(self):
        before = signal.signal(signal.SIGALRM, lambda *_: self.event.set())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, LONG)
        await self.event.wait()


class TestOtherHost(AsyncTrioTestCase):
    def runTrio(self, async_fn, *, clock, instruments):
        # A host that wakes a task itself, as a guest run's may.
        def later():
            time.sleep(LONG)
            self.token.run_sync_soon(self.event.set)
        async def main():
            self.token = trio.lowlevel.current_trio_token()
            self.event = trio.Event()
            threading.Thread(target=later).start()
            await async_fn()
        trio.run(main, clock=clock, instruments=instruments)

    async def test_wakes_tasks_unseen(self):
        await self.event.wait()
"""
