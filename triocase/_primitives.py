"""What a task waits for in one of Trio's primitives, and who holds it.

The frame of the method that it has called tells which one it is; Trio's statistics tell
the rest. A ``Lock`` and a ``CapacityLimiter`` know who holds them, the others do not.
"""

from __future__ import annotations

import reprlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import Task

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    NameOf = Callable[[Task], str]

__unittest = True


def awaited(frame: FrameType, name_of: NameOf) -> str | None:
    """Return what the task waits for that is in ``frame``.

    Args:
        frame: Where it is, or one that has led there.
        name_of: Returns what to call a task.

    Returns:
        None if that is no primitive's.
    """
    describe = _DESCRIPTIONS.get(frame.f_code)
    if describe is None:
        return None
    return describe(frame.f_locals[frame.f_code.co_varnames[0]], name_of)


def _lock(lock: trio.Lock, name_of: NameOf) -> str:
    return f"a {type(lock).__name__}{_held_by(lock.statistics().owner, name_of)}"


def _held_by(owner: Task | None, name_of: NameOf) -> str:
    return "" if owner is None else f" held by {name_of(owner)}"


def _semaphore(semaphore: trio.Semaphore, name_of: NameOf) -> str:
    return f"a Semaphore whose value is {semaphore.value}"


def _event(event: trio.Event, name_of: NameOf) -> str:
    return "an Event"


def _condition(condition: trio.Condition, name_of: NameOf) -> str:
    statistics = condition.statistics()
    lock = statistics.lock_statistics
    held = _held_by(lock.owner, name_of)
    if not statistics.tasks_waiting:
        return f"the Lock of a Condition{held}"
    if not lock.tasks_waiting:
        return "a Condition to be notified"
    return f"a Condition to be notified, or its Lock{held}"


def _receive(channel: trio.MemoryReceiveChannel[Any], name_of: NameOf) -> str:
    senders = channel.statistics().open_send_channels
    return f"a value from a memory channel (open send channels: {senders})"


def _send(channel: trio.MemorySendChannel[Any], name_of: NameOf) -> str:
    statistics = channel.statistics()
    used, size = statistics.current_buffer_used, statistics.max_buffer_size
    receivers = statistics.open_receive_channels
    return (
        f"room in a memory channel (buffer: {used} of {size}, "
        f"open receive channels: {receivers})"
    )


def _limiter(limiter: trio.CapacityLimiter, name_of: NameOf) -> str:
    statistics = limiter.statistics()
    borrowers = Counter(
        name_of(borrower) if isinstance(borrower, Task) else reprlib.repr(borrower)
        for borrower in statistics.borrowers
    )
    held_by = ", ".join(
        name if times == 1 else f"{name} × {times}"
        for name, times in sorted(borrowers.items())
    )
    whose = held_by or "nobody"
    return f"a CapacityLimiter of {statistics.total_tokens} held by {whose}"


_DESCRIPTIONS: dict[CodeType, Callable[[Any, NameOf], str]] = {
    trio.Lock.acquire.__code__: _lock,  # that of a StrictFIFOLock, too
    trio.Semaphore.acquire.__code__: _semaphore,
    trio.Event.wait.__code__: _event,
    trio.Condition.wait.__code__: _condition,
    trio.MemoryReceiveChannel.receive.__code__: _receive,
    trio.MemorySendChannel.send.__code__: _send,
    trio.CapacityLimiter.acquire_on_behalf_of.__code__: _limiter,
}
