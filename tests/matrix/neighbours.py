"""Libraries that stand beside triocase in a test file; each verdict is in the name.

A test whose name ends in ``_each`` runs once for each of two parameters.
"""

import datetime

import freezegun
import time_machine
import trio
from ddt import data, ddt
from parameterized import parameterized, parameterized_class
from unittest_parametrize import ParametrizedTestCase, parametrize

from triocase import AsyncTrioTestCase, autojump_clock, deadlock_check, time_limit

freezegun.configure(extend_ignore_list=["trio"])  # else Trio's own clock stands still

THEN = datetime.datetime(2020, 1, 1)


class TestParameterized(AsyncTrioTestCase):
    @parameterized.expand([(1,), (2,)])
    async def test_pass_expanded_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertIn(number, [1, 2])

    @parameterized.expand([(1,), (2,)])
    async def test_fail_expanded_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertNotIn(number, [1, 2])

    @parameterized.expand([(1,), (2,)])
    @autojump_clock
    async def test_pass_clock_each(self, number):
        await trio.sleep(1000)


@parameterized_class(("number",), [(1,), (2,)])
class TestParameterizedClass(AsyncTrioTestCase):
    async def test_pass_class_each(self):
        await trio.lowlevel.checkpoint()
        self.assertIn(self.number, [1, 2])


class TestParametrize(ParametrizedTestCase, AsyncTrioTestCase):
    @parametrize("number", [(1,), (2,)])
    async def test_pass_parametrize_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertIn(number, [1, 2])

    @parametrize("number", [(1,), (2,)])
    async def test_fail_parametrize_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertNotIn(number, [1, 2])

    @autojump_clock
    @parametrize("number", [(1,), (2,)])
    async def test_pass_parametrize_clock_each(self, number):
        await trio.sleep(1000)


@ddt
class TestDdt(AsyncTrioTestCase):
    @data(1, 2)
    async def test_pass_data_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertIn(number, [1, 2])

    @data(1, 2)
    async def test_fail_data_each(self, number):
        await trio.lowlevel.checkpoint()
        self.assertNotIn(number, [1, 2])

    @autojump_clock
    @data(1, 2)
    async def test_pass_data_clock_each(self, number):
        await trio.sleep(1000)


class TestFreezegun(AsyncTrioTestCase):
    @freezegun.freeze_time(THEN)
    async def test_pass_frozen(self):
        await trio.sleep(0.01)
        self.assertEqual(datetime.datetime.now(), THEN)

    @freezegun.freeze_time(THEN)
    @autojump_clock
    async def test_pass_frozen_clock(self):
        await trio.sleep(1000)
        self.assertEqual(datetime.datetime.now(), THEN)

    @freezegun.freeze_time(THEN)
    @deadlock_check(False)
    @time_limit(0.5)
    async def test_error_frozen_limit(self):
        await trio.sleep_forever()

    @freezegun.freeze_time(THEN)
    async def test_error_frozen_deadlock(self):
        await trio.sleep_forever()


@freezegun.freeze_time(THEN)
class TestFrozenClass(AsyncTrioTestCase):
    async def test_pass_frozen_class(self):
        await trio.sleep(0.01)
        self.assertEqual(datetime.datetime.now(), THEN)


class TestTimeMachine(AsyncTrioTestCase):
    @time_machine.travel(THEN, tick=False)
    async def test_pass_travel(self):
        await trio.sleep(0.01)
        self.assertEqual(datetime.date.today(), THEN.date())

    @time_machine.travel(THEN, tick=False)
    @deadlock_check(False)
    @time_limit(0.5)
    async def test_error_travel_limit(self):
        await trio.sleep_forever()

    @time_machine.travel(THEN, tick=False)
    async def test_error_travel_deadlock(self):
        await trio.sleep_forever()


@time_machine.travel(THEN, tick=False)
class TestTravelClass(AsyncTrioTestCase):
    async def test_pass_travel_class(self):
        await trio.sleep(0.01)
        self.assertEqual(datetime.date.today(), THEN.date())
