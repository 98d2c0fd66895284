"""An instrument that prints what the tasks of a test do."""

import sys

import trio

from triocase import AsyncTrioTestCase, autojump_clock


class Tracer(trio.abc.Instrument):
    """Prints the steps of all tasks that start while it is at work."""

    def __init__(self) -> None:
        self.tasks: set[trio.lowlevel.Task] = set()

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        self.tasks.add(task)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.show(task, "goes on")

    def task_exited(self, task: trio.lowlevel.Task) -> None:
        self.show(task, "ends")

    def show(self, task: trio.lowlevel.Task, event: str) -> None:
        if task in self.tasks:
            print(f"{trio.current_time():5} {task.name} {event}", file=sys.stderr)


async def brew(minutes: float) -> None:
    await trio.sleep(60 * minutes)


@autojump_clock
class TestBrew(AsyncTrioTestCase):
    def setUp(self) -> None:
        tracer = Tracer()
        trio.lowlevel.add_instrument(tracer)
        self.addCleanup(trio.lowlevel.remove_instrument, tracer)

    async def test_two_teas(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(brew, 3.5, name="black tea")
            await trio.sleep(30)
            nursery.start_soon(brew, 2, name="green tea")
