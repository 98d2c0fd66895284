"""What a test costs, beside other ways to test Trio code: ``python -m tests.bench``.

It prints the tables of ``docs/benchmark.rst``, in some minutes; with ``--short``, in about
one, from fewer rounds. pytest, pytest-trio and anyio are compared if they are there:
``pip install -e '.[bench]'``. What each of them notices of a faulty test is printed by
``python -m tests.bench.faults``.
"""
