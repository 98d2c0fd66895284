"""Measure everything, and print it."""

from __future__ import annotations

import argparse

from . import __doc__ as description
from . import figures
from .comparison import compare
from .tables import machine


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=description
    )
    parser.add_argument("--short", action="store_true", help="fewer rounds")
    short = parser.parse_args().short
    print(machine(), "\n")
    # First, for the process is small then, and has imported none of the peers.
    figures.memory(2_000 if short else 20_000)
    figures.idle_waits()
    figures.forty_tests()
    figures.busy(100_000 if short else 1_000_000)
    figures.import_time()
    print()
    figures.options(5 if short else 40)
    compare(2 if short else 25)


if __name__ == "__main__":
    main()
