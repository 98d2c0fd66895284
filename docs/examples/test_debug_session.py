"""What is typed at the prompt of debug_session.py, and what is printed."""

import re
import subprocess
import sys
import unittest
from pathlib import Path

import debug_session

# The session:
SESSION = """
(Pdb) p trio.current_time()
150.0
(Pdb) p [task.name for task in self.nursery.child_tasks]
['delivery']
(Pdb) p shelf.statistics().current_buffer_used
2
(Pdb) until 23
> debug_session.py(23)test_tea_is_delivered()
-> self.assertEqual(shelf.receive_nowait(), "tea")
(Pdb) p trio.current_time()
210.0
(Pdb) p shelf.statistics().tasks_waiting_send
1
(Pdb) [task] = self.nursery.child_tasks
(Pdb) p [line for frame, line in task.iter_await_frames()][0]
12
(Pdb) continue
"""


class TestSession(unittest.TestCase):
    maxDiff = None

    def test_prints_this(self) -> None:
        commands = re.findall(r"(?m)^\(Pdb\) (.*\n)", SESSION)
        done = subprocess.run(
            [sys.executable, "-m", "unittest", debug_session.__name__],
            cwd=Path(__file__).parent,
            input="".join(commands),
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        # What is read from a pipe is not seen in the output, so it is put in.
        _, *answers = done.stdout.split("(Pdb) ")
        printed = "".join(
            f"(Pdb) {command}{answer}"
            for command, answer in zip(commands, answers, strict=True)
        )
        printed = re.sub(r"(?m)^> .*[/\\]", "> ", printed)
        self.assertEqual(printed, SESSION.lstrip())
