"""A line of code, as a traceback shows it, and as a traceback of its own."""

from __future__ import annotations

import ast
import linecache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import TracebackType

__unittest = True


class Place(NamedTuple):
    """A line of code, and the function that it is in; line 0 if only that is known."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        if not self.line:
            return f"  In {self.function}"
        source = source_line(self.file, self.line).strip()
        place = f'  File "{self.file}", line {self.line}, in {self.function}'
        return f"{place}\n    {source}" if source else place


def source_line(file: str, line: int) -> str:
    """Return a line of source, or nothing where the test has it that way."""
    try:
        return linecache.getline(file, line)
    except Exception:  # what the test has patched is patched for us, too
        return ""


def traceback_at(file: str, line: int, function: str) -> TracebackType | None:
    """Return a traceback of one entry, as if something had been raised there.

    Only running code gets a traceback; so run code that says that it is that line.
    """
    shown = source_line(file, line).encode()
    tree = ast.parse("raise StopIteration")
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.expr)):
            # All of the line that is shown, for then Python puts no marks below it.
            node.col_offset = len(shown) - len(shown.lstrip())
            node.end_col_offset = len(shown.rstrip())
    code = compile(tree, file, "exec").replace(co_name=function, co_firstlineno=line)
    try:
        exec(code, {})
    except StopIteration as error:
        trace = error.__traceback__
    return trace.tb_next if trace else None
