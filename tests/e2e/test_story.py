"""The demo played once: it ends by itself, with the exit code of a story that held.

That the story holds the fast suite proves where the demo stays up (`test_kill.py`).
"""

import subprocess
import sys

import pytest
from tourtrust.runtime.processes import free_port


@pytest.mark.full
def test_played_once_every_step_holds_and_the_demo_ends() -> None:
    command = [
        sys.executable,
        "-P",
        "-m",
        "tourtrust",
        "demo",
        "--once",
        "--small",
        "--port",
        str(free_port()),
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd="/")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert [outcome.stdout.count(f"{number}/9 ") for number in range(1, 10)] == [1] * 9
    assert [outcome.stdout.count(f"credit {number}/7 ") for number in range(1, 8)] == [1] * 7
    assert "✗" not in outcome.stdout
