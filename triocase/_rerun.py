"""Run just one run of a test again: the command line, and what its variables say."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any
from unittest import TestCase

__unittest = True

SEED = "TRIOCASE_SEED"
POINT = "TRIOCASE_POINT"


def number_from(variable: str) -> int | None:
    """Return what an environment variable says, if it is set.

    Raises:
        ValueError: It is no whole number.
    """
    text = os.environ.get(variable)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(
            f"the environment variable {variable} is {text!r}. It takes a whole "
            f"number, as the report of a failing test tells it."
        )
    return int(text)


def name_in_module(case: TestCase) -> str:
    """Return the names of the class and the test: they are the same in any runner."""
    # Not as the class may have it: users override that for their reports.
    return TestCase.id(case).removeprefix(f"{type(case).__module__}.")


def rerun_command(case: TestCase, result: Any, variables: dict[str, int]) -> str:
    """Return a command for a POSIX shell.

    Args:
        case: The test.
        result: The runner's ``TestResult``; pytest's is its item, which has a name.
        variables: What is to be set in the environment.
    """
    words = [f"{name}={value}" for name, value in variables.items()]
    module, test = type(case).__module__, name_in_module(case)
    loaded = sys.modules.get(module)
    file, spec = (getattr(loaded, name, None) for name in ("__file__", "__spec__"))
    node = getattr(result, "nodeid", None)
    if isinstance(node, str):
        # Relative to where pytest was called: it counts from its root.
        start = result.config.invocation_params.dir
        path = os.path.relpath(result.path, start) + node[node.index("::") :]
        words += ["python", "-m", "pytest", shlex.quote(path)]
    elif module == "__main__" and spec is not None:
        name = spec.name.removesuffix(".__main__")
        words += ["python", "-m", name, shlex.quote(test)]
    elif module == "__main__" and file is not None:
        words += ["python", shlex.quote(os.path.relpath(file)), shlex.quote(test)]
    else:
        if file is not None:
            # Where `import module` looks: unittest's discovery may have added it.
            above = module.count(".") + (Path(file).name == "__init__.py")
            root = Path(file).resolve().parents[above]
            if root != Path.cwd():
                more = ":$PYTHONPATH" if os.environ.get("PYTHONPATH") else ""
                words.append(f"PYTHONPATH={shlex.quote(os.path.relpath(root))}{more}")
        words += ["python", "-m", "unittest", shlex.quote(f"{module}.{test}")]
    return " ".join(words)
