"""A test that awaits a server, and so never gets to its client."""

from echo import echo_server
from triocase import AsyncTrioTestCase, time_limit


class TestEcho(AsyncTrioTestCase):
    @time_limit(1)
    async def test_reply(self) -> None:
        await echo_server(0)  # on any free port
        self.fail("this line is never reached")
