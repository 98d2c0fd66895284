"""The repaired programs of the files race_*.py pass, in all orders that are tried."""

from race_early_close import TestRepaired as TestEarlyClose
from race_lock_order import TestRepaired as TestLockOrder
from race_lost_update import TestRepaired as TestLostUpdate
from race_pool_leak import TestRepaired as TestPoolLeak
from race_stampede import TestRepaired as TestStampede
from race_startup import TestRepaired as TestStartup

__all__ = [
    "TestEarlyClose",
    "TestLockOrder",
    "TestLostUpdate",
    "TestPoolLeak",
    "TestStampede",
    "TestStartup",
]
