"""The same tests, written for each of those that are compared, a module each.

The name of a test says the situation: ``test_empty``, ``test_setup``, ``test_background``,
``test_fixture``, ``test_checkpoints``. What it does there is the same in all modules:

* empty: nothing
* setup: a setup with one checkpoint, and a teardown with one
* background: start a task, wait until it is there, and leave it to be cancelled at the end
* fixture: a resource that is set up with one checkpoint and torn down with one
* checkpoints: 10,000 of them, in a loop

On asyncio, a checkpoint is ``asyncio.sleep(0)``.
"""
