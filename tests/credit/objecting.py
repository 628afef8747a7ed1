"""Objections and who takes part in them, for tests of what they find and change."""

from typing import Any

from .conftest import Service


class Room:
    """The people of an objection."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.officer = service.who(sub="officer-1", scopes=["credit:read", "credit:write"])
        self.clerk = service.who(sub="clerk-1", scopes=["credit:read", "credit:write"])
        self.reviewer = service.who(sub="reviewer-1", scopes=["credit:read", "credit:decide"])

    def own(self, subject: dict[str, Any]) -> dict[str, str]:
        return self.service.who(
            kind="agency", sub="agency-1", scopes=["credit:read"], subject_id=subject["id"]
        )

    async def file(self, body: dict[str, Any], who: dict[str, str], expect: int = 201) -> Any:
        wanted = {"statement": "处罚对象有误，电话 13900000001"} | body
        if who == self.clerk:
            wanted |= {"request": await self.service.paper({"id": await self.about(body)})}
        return await self.service.post("/objections", wanted, expect, who=who)

    async def about(self, body: dict[str, Any]) -> str:
        """The subject of what is objected to."""
        if "listing_id" in body:
            return str((await self.service.get(f"/listings/{body['listing_id']}"))["subject"]["id"])
        if "fact_id" in body:
            return str((await self.service.get(f"/facts/{body['fact_id']}/versions"))[-1]["subject_id"])
        return str(body.get("subject_id") or (await self.service.subject())["id"])

    async def step(
        self,
        made: dict[str, Any],
        step: str,
        body: dict[str, Any] | None = None,
        expect: int = 200,
        **more: Any,
    ) -> Any:
        who = more.get("who") or (self.reviewer if step in ("sustain", "dismiss") else self.officer)
        return await self.service.post(f"/objections/{made['id']}/{step}", body or {}, expect, who=who)

    async def verified(self, body: dict[str, Any], who: dict[str, str]) -> dict[str, Any]:
        made = await self.file(body, who)
        await self.step(made, "accept")
        found: dict[str, Any] = await self.step(made, "verify", {"reason": "核查：文书对象确有误"})
        return found


async def facts_of(service: Service, subject: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await service.get(f"/subjects/{subject['id']}/facts"))["items"]
    return items


async def fined(service: Service, code: str = "PENALTY_SUSPENSION") -> tuple[dict[str, Any], dict[str, Any]]:
    subject = await service.subject()
    return subject, await service.fact(subject, code, "2026-06-01")
