"""Events over the real bus: delivered again and again, they take effect once; ours go out."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import nats as nats_client
import pytest
from common.db import new_id
from common.events.envelope import Event, encode, event_type, subject_for
from common.events.stream import ensure_stream
from common.testing import ServiceDatabase

from .conftest import Service, running_service
from .test_intake import alert, penalty, violation


async def until(look: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.1)):
        if await look():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("waited in vain")


def message(service: str, name: str, aggregate: str, data: dict[str, Any]) -> tuple[str, bytes]:
    event = Event(
        id=new_id(),
        type=event_type(service, name),
        source=f"/tourtrust/{service}",
        subject=aggregate,
        version=1,
        time=datetime.now(UTC),
        data=data,
    )
    return subject_for(event.type, aggregate), json.dumps(encode(event)).encode()


async def test_events_delivered_twice_take_effect_once(
    credit_database: ServiceDatabase, nats: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bus")
    async with await nats_client.connect(nats.url) as client:
        stream = client.jetstream()
        await ensure_stream(stream)
        heard: list[str] = []

        async def note(msg: Any) -> None:
            heard.append(json.loads(msg.data)["type"])

        await client.subscribe("ev.credit.>", cb=note)
        async with running_service(credit_database, folder, nats_url=nats.url) as service:
            made = await service.subject(region="140213")
            messages = [
                message("complaints", "violation_confirmed", str(uuid4()), violation(made["key"], "TS-B1")),
                message("complaints", "penalty_decided", str(uuid4()), penalty(made["key"], "CF-B1")),
                message("contracts", "price_alert_raised", str(uuid4()), alert(made["key"])),
            ]
            for _ in range(3):
                for subject, body in messages:
                    await stream.publish(subject, body)

            async def arrived() -> bool:
                warned = await service.get("/warnings", subject_id=made["id"], rule="W-PRICE-ALERT")
                return bool(warned["items"]) and len(await facts(service, made)) == 2

            await until(arrived)
            await asyncio.sleep(0.5)
            assert await facts(service, made) == ["PENALTY_FINE_SMALL", "VALID_COMPLAINT"]
            assert len((await service.get("/warnings", subject_id=made["id"]))["items"]) == 1
            assert (await service.get(f"/subjects/{made['id']}"))["score"] == 94

            async def announced() -> bool:
                wanted = {"subject_registered", "fact_recorded", "warning_raised"}
                return {f"tourtrust.credit.{name}.v1" for name in wanted} <= set(heard)

            await until(announced)


async def facts(service: Service, made: dict[str, Any]) -> list[str]:
    return [one["code"] for one in (await service.get(f"/subjects/{made['id']}/facts"))["items"]]
