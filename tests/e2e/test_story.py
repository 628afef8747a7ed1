"""The story of the market and its chapter of credit, played over HTTP in a small province: each holds."""

import subprocess
import sys

from tourtrust.runtime.processes import free_port


def test_every_step_of_the_story_holds() -> None:
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
