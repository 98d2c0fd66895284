"""A state machine, in a worker thread: its rules call the test's Trio run."""

import trio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

import with_hypothesis_profile  # noqa: F401
from triocase import AsyncTrioTestCase, mock_clock
from with_hypothesis_steps import Cache

KEYS = st.sampled_from("abc")


class TestCache(AsyncTrioTestCase):
    @mock_clock
    async def test_any_steps(self) -> None:
        test = self

        class Steps(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                self.cache = Cache(test.nursery, ttl=4.5)
                self.expected: dict[str, tuple[int, float]] = {}

            @rule(key=KEYS, value=st.integers())
            def set(self, key: str, value: int) -> None:
                trio.from_thread.run(self.cache.set, key, value)
                self.expected[key] = value, test.clock.current_time() + 4.5

            @rule(key=KEYS)
            def get(self, key: str) -> None:
                value, end = self.expected.get(key, (None, 0.0))
                if test.clock.current_time() > end:
                    value = None
                assert trio.from_thread.run(self.cache.get, key) == value

            @rule(seconds=st.integers(1, 9))
            def wait(self, seconds: int) -> None:
                trio.from_thread.run(test.advanceClock, seconds)

        Steps.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
        await trio.to_thread.run_sync(run_state_machine_as_test, Steps)
