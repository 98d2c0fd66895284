"""What is printed: tables as the documentation has them, and where they were made."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def machine() -> str:
    """Return what figures depend on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (
        found := re.search(r"(?m)^model name\s*: (.*)$", cpuinfo.read_text())
    ):
        model = found[1]
    names = {
        "trio": "Trio",
        "pytest": "pytest",
        "pytest_trio": "pytest-trio",
        "anyio": "anyio",
    }
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for module, name in names.items()
        if importlib.util.find_spec(module)
    ]
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores; {', '.join([python, *versions])}"


def print_table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print what a csv-table takes."""
    print()
    for cells in [headings, *rows]:
        print(", ".join(f'"{cell}"' for cell in cells))
    print(flush=True)


def as_time(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1e6:.0f}\N{NO-BREAK SPACE}µs"
    return f"{seconds * 1e3:.0f}\N{NO-BREAK SPACE}ms"
