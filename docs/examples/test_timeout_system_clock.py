"""Code that asks the clock of the system, in virtual time."""

from time import monotonic
from unittest import mock

import trio

from triocase import AsyncTrioTestCase, autojump_clock


class Session:
    """A session that expires after an hour without use."""

    def __init__(self) -> None:
        self.use()

    def use(self) -> None:
        self._used = monotonic()

    def has_expired(self) -> bool:
        return monotonic() - self._used >= 60 * 60


@autojump_clock
@mock.patch(f"{__name__}.monotonic", trio.current_time)
class TestSession(AsyncTrioTestCase):
    async def test_expires(self) -> None:
        session = Session()
        await trio.sleep(60 * 60 - 1)
        self.assertFalse(session.has_expired())
        await trio.sleep(1)
        self.assertTrue(session.has_expired())
