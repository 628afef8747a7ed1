"""The credit service as a process of its own, to be killed: `run_service.py GIVEN.json`.

The chunks of its work in the background are made small, so that there are many moments to die at.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn
from common.clock import FrozenClock
from common.testing import TokenMint, test_settings
from credit import rounds
from credit.config import Settings
from credit.imports import worker as imports
from credit.main import create_app
from credit.objections import ripple
from credit.runs import rules
from credit.sweeps import service as sweeps
from joserfc.jwk import ECKey


def main(given: dict[str, Any]) -> None:
    rules._SMALLEST = rules._LARGEST = given["subjects_at_once"]
    imports.MAX_ROWS = given["rows_at_once"]
    ripple.CHUNK = given["moments_at_once"]
    sweeps.CHUNK = given["hits_at_once"]
    rounds.CHUNK = given["pieces_at_once"]
    rounds.PAUSE = 0.05
    clock = FrozenClock(Path(given["clock_file"]))
    mint = TokenMint(clock)
    mint.key = ECKey.import_key(given["key"])
    options = given["options"] | {"clock_file": given["clock_file"]}
    settings = test_settings(Settings, Path(given["folder"]), given["url"], **options)
    app = create_app(settings, verifier=mint.verifier(clock))
    uvicorn.run(app, host="127.0.0.1", port=given["port"], log_level="error", access_log=False)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
