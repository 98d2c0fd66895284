"""Real runners and plugins, each in an environment of its own, on one file of tests.

``tox -e pytest84-trio`` makes an environment and says ``python -m tests.matrix
pytest84-trio`` in it. ``cells.py`` says what is run there; ``kinds.py`` is what runs.
The table in docs/compatibility.rst is compared with ``cells.py`` by the test suite.
"""
