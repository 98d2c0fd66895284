"""A year of sleep in a millisecond."""

import trio

from triocase import AsyncTrioTestCase, autojump_clock

YEAR = 365 * 24 * 60 * 60


class Certificate:
    """A certificate that is valid for a year."""

    def __init__(self) -> None:
        self.expires = trio.current_time() + YEAR

    def is_valid(self) -> bool:
        return trio.current_time() < self.expires


class TestCertificate(AsyncTrioTestCase):
    @autojump_clock
    async def test_expires_after_a_year(self) -> None:
        certificate = Certificate()
        await trio.sleep(YEAR - 1)
        self.assertTrue(certificate.is_valid())
        await trio.sleep(1)
        self.assertFalse(certificate.is_valid())
