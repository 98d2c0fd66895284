"""Tests of a Qt application, each on Qt's event loop."""

import qtrio
import trio
from qts import QtCore

from triocase import AsyncTrioTestCase


class QtrioTestCase(AsyncTrioTestCase):
    def runTrio(self, async_fn, *, clock, instruments):
        qtrio.run(async_fn, clock=clock, instruments=instruments)


class TestTimer(QtrioTestCase):
    async def test_signal_arrives(self):
        timer = QtCore.QTimer()
        timer.setSingleShot(True)
        async with qtrio.enter_emissions_channel(signals=[timer.timeout]) as emissions:
            timer.start(10)  # milliseconds
            with trio.fail_after(5):
                await emissions.channel.receive()
