"""The demo in a small province: its story holds, and then `kill -9` of any one process under load.

Nothing acknowledged is lost, and no event takes effect twice. Clients behave as careful ones do: an answer
that did not come is asked for again, a write under the same key.
"""

import copy
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from tourtrust.runtime.processes import free_port
from tourtrust.story.stage import Stage, StepFailed

from tests.common.runtime.platforms import Up, alive, eventually

MATERIAL = files("tourtrust.story") / "material"
LOWPRICE_AGENCY = "91140213999999058C"
DEMO = [sys.executable, "-P", "-m", "tourtrust", "demo"]
VICTIMS = ("contracts", "credit", "complaints", "nats", "postgres", "gateway", "witness")
PASSING = frozenset({409, 429, 500, 502, 503, 504})


@pytest.fixture(scope="module")
def platform() -> Iterator[Up]:
    home = Path(tempfile.mkdtemp(prefix="tourtrust-kill-"))
    with Up(home, free_port(), "--small", command=DEMO) as up:
        up.wait_ready()
        yield up
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def story(platform: Up) -> str:
    """What the demo prints of its story, to the line that says that it stays up."""
    assert platform.process.stdout is not None
    lines: list[str] = []
    patience = threading.Timer(300, platform.process.terminate)
    patience.start()
    for line in platform.process.stdout:
        lines.append(line)
        if "stays up" in line:
            break
    patience.cancel()
    return "".join(lines)


class Client(threading.Thread):
    """Sends one document after another, each with its own order number, until told to stop."""

    def __init__(self, stage: Stage, sample: str, prefix: str, expected: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.stage = stage
        self.document = json.loads((MATERIAL / sample).read_text(encoding="utf-8"))
        self.prefix = prefix
        self.expected = expected
        self.stopped = stop
        self.answers: dict[str, dict[str, Any]] = {}
        self.retries = 0
        self.failure = ""

    def run(self) -> None:
        serial = 0
        while not self.stopped.is_set() and not self.failure:
            serial += 1
            order = f"{self.prefix}{serial:05d}"
            document = copy.deepcopy(self.document)
            document["submitting_platform"]["platform_order_no"] = order
            document["submitting_platform"]["platform_contract_no"] = f"HT-{order}"
            self._send(order, document)

    def _send(self, order: str, document: dict[str, Any]) -> None:
        headers = self.stage.headers("ota") | {"Idempotency-Key": order}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = self.stage.http.post("/api/v1/contracts/contracts", json=document, headers=headers)
            except httpx.HTTPError:
                pass
            else:
                if answer.status_code == self.expected:
                    self.answers[order] = answer.json()
                    return
                if answer.status_code == 500 or answer.status_code not in PASSING:
                    self.failure = f"{order}: {answer.status_code} {answer.text[:300]}"
                    return
            self.retries += 1
            time.sleep(0.2)
        self.failure = f"{order}: no answer within a minute"


@pytest.fixture
def stage(platform: Up) -> Iterator[Stage]:
    credentials = json.loads((platform.home / "demo-credentials.json").read_text("utf-8"))
    log_keys = json.loads((platform.home / "log-keys.json").read_text("utf-8"))
    stage = Stage(credentials, log_keys, {}, platform.home)
    with stage.http:
        yield stage


def test_every_step_of_the_story_holds(story: str) -> None:
    assert [story.count(f"{number}/9 ") for number in range(1, 10)] == [1] * 9
    assert [story.count(f"credit {number}/7 ") for number in range(1, 8)] == [1] * 7
    assert "✗" not in story and "stays up" in story


@pytest.mark.usefixtures("story")
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(platform: Up, stage: Stage) -> None:
    stage.headers("ota")
    stage.headers("province_officer")
    agency = stage.get("/api/v1/credit/subjects", by="province_officer", params={"q": LOWPRICE_AGENCY})[
        "items"
    ][0]

    def warnings() -> int:
        query = {"subject_id": agency["id"], "rule": "W-PRICE-ALERT"}
        return len(_pages(stage, "/api/v1/credit/warnings", "province_officer", **query))

    def alerts() -> int:
        made = _pages(stage, "/api/v1/contracts/price-alerts", "province_officer")
        return len([alert for alert in made if alert["agency_key"] == LOWPRICE_AGENCY])

    # One of the story, which has waited for its warning.
    assert alerts() == warnings() == 1
    stop = threading.Event()
    clean = Client(stage, "contract-domestic.json", "KILL-A", 201, stop)
    cheap = Client(stage, "contract-lowprice.json", "KILL-B", 422, stop)
    for client in (clean, cheap):
        client.start()
    for victim in VICTIMS:
        time.sleep(1)
        pid = platform.children()[victim]
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda name=victim, old=pid: platform.children().get(name, old) != old)
        assert eventually(
            lambda: platform.status() == 200 and len(alive(platform.children())) == len(VICTIMS)
        )
    time.sleep(1)
    stop.set()
    for client in (clean, cheap):
        client.join(90)
        assert client.failure == ""
    retries = clean.retries + cheap.retries
    print(f"{len(clean.answers)} registered, {len(cheap.answers)} refused, {retries} retries")
    assert len(clean.answers) >= len(VICTIMS) and len(cheap.answers) >= len(VICTIMS)

    # Every acknowledged contract is there once, under its number, with a receipt from the log.
    numbers = [answer["contract_no"] for answer in clean.answers.values()]
    assert len(set(numbers)) == len(numbers)
    listed = _pages(stage, "/api/v1/contracts/contracts", "ota")
    assert [number for number in numbers if [item["contract_no"] for item in listed].count(number) != 1] == []
    for number in numbers:
        stage.wait(f"the receipt of {number}", lambda number=number: _receipt(stage, number), 60)

    # Every refused attempt raised one alert, and every alert one warning at credit.
    refused = 1 + len(cheap.answers)
    assert alerts() == refused
    assert eventually(lambda: warnings() == refused, 60), (warnings(), refused)
    time.sleep(2)
    assert warnings() == refused


def _pages(stage: Stage, path: str, by: str, **query: str) -> list[dict[str, Any]]:
    """All of a list, asked for again while a service behind the gateway cannot be reached."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return stage.pages(path, by=by, **query)
        except StepFailed:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _receipt(stage: Stage, number: str) -> bytes | None:
    answer = stage.call("GET", f"/api/v1/contracts/contracts/{number}/receipt", by="ota", expect=(200, 202))
    return answer.content if answer.status_code == 200 else None
