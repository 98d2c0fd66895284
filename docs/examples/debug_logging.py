"""A log that says when it was, in which task, and for which request."""

import logging
from contextvars import ContextVar

import trio

from triocase import AsyncTrioTestCase, autojump_clock

logger = logging.getLogger("shop")
request: ContextVar[str] = ContextVar("request", default="-")


class Where(logging.Filter):
    """Adds to a record what Trio and the context know."""

    def filter(self, record: logging.LogRecord) -> bool:
        in_task = trio.lowlevel.in_trio_task()
        record.seconds = trio.current_time() if in_task else 0
        record.task = trio.lowlevel.current_task().name if in_task else "-"
        record.request = request.get()
        return True


async def sell(item: str, seconds: float) -> None:
    request.set(f"buy {item}")
    await trio.sleep(seconds)
    logger.info("looked for %s", item)
    await pack(item)


async def pack(item: str) -> None:
    await trio.sleep(5)
    logger.info("packed")


@autojump_clock
class TestSell(AsyncTrioTestCase):
    def setUp(self) -> None:
        handler = logging.StreamHandler()
        handler.addFilter(Where())
        layout = "%(seconds)4.1f  %(task)-6s  %(request)-8s  %(message)s"
        handler.setFormatter(logging.Formatter(layout))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        self.addCleanup(logger.removeHandler, handler)

    async def test_two_customers(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sell, "tea", 1, name="Ada")
            nursery.start_soon(sell, "milk", 2, name="Bob")
