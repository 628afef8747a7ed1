"""A penalty that is repaired by the ordinary way, for tests of what follows from it."""

from typing import Any

from .conftest import Service
from .listing import reviewer
from .test_repairs import GRANT, TRAINING, application, bring, to_verified


async def granted(service: Service, firm: dict[str, Any], fact: dict[str, Any]) -> None:
    """Apply for the repair of a fact, have it verified, and grant it."""
    await bring(service, firm["id"])
    body = application(fact_id=fact["id"], commitment="我方承诺材料真实。", training_record=TRAINING)
    repair = await service.post("/repairs", body)
    await to_verified(service, repair)
    await service.post(f"/repairs/{repair['id']}/decide", GRANT, 200, reviewer(service))
