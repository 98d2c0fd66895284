"""The same faulty tests, written for each of those that are compared, a module each.

* deadlock: wait for an event that nobody sets
* client: wait for a client that never comes
* blocked: call ``time.sleep`` for ever
* crash: a background task crashes, while the test waits for something else
* teardown: the same, and the teardown has an ``await``
* fixture: a background task of a fixture crashes, or of a context of the setup
* unawaited: an ``await`` is forgotten
* cancelled: cancel the background tasks, then assert something that is false
* assertion: assert something that is false

``python -m tests.bench.faults`` runs each in a process of its own, and prints what came of
it; with ``-v``, their output, too. What still runs after ``LIMIT`` seconds hangs; triocase's
own limit is two there. It needs Python 3.11, and pytest-trio and anyio.
"""
