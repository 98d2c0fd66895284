"""Step 1: a server never returns, so a test starts it in the background.

``self.nursery`` is there in every test. Its tasks are cancelled when the test ends.
"""

import trio

from echo import echo_server, free_port
from triocase import AsyncTrioTestCase


class TestBackground(AsyncTrioTestCase):
    async def test_awaiting_a_server_gets_nowhere(self) -> None:
        with trio.move_on_after(0.005) as patience:
            await echo_server(free_port())
        self.assertTrue(patience.cancelled_caught)

    async def test_server_runs_in_the_background(self) -> None:
        self.nursery.start_soon(echo_server, free_port())
        # The test goes on at once; the server has not even begun to listen, so a
        # client that connects now may be refused. That is the next step.
        self.assertEqual(len(self.nursery.child_tasks), 1)
