"""Start-up: seconds until `/readyz` answers, on an empty folder and on a prepared one, and their ratio."""

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tourtrust.runtime.processes import free_port

ROUNDS = 3


def start_once(home: Path) -> tuple[float, float]:
    """Seconds to ready, and seconds to a clean stop."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tourtrust", "up", "--data-dir", str(home), "--port", str(free_port())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    ready = time.perf_counter() - begun
    begun = time.perf_counter()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    if not line.startswith("ready "):
        raise SystemExit(f"the platform did not start: {home}/logs")
    return ready, time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="tourtrust-bench-"))
    try:
        first, _ = start_once(home)
        rounds = [start_once(home) for _ in range(ROUNDS)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    prepared = statistics.median(ready for ready, _ in rounds)
    result = {
        "first_s": round(first, 2),
        "prepared_s": round(prepared, 2),
        "stop_s": round(statistics.median(stop for _, stop in rounds), 2),
        "ratio_first_to_prepared": round(first / prepared, 2),
        "under_10_s": prepared < 10,
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name:26} {value}")


if __name__ == "__main__":
    main()
