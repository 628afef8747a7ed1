"""Listings brought to a stage by the ordinary way, for tests of what follows from it."""

from typing import Any

from .conftest import Service

REASONS = "在旅游经营中造成游客滞留，社会影响恶劣（虚构案情）。"
STEP = {"by": "虚构专家组", "on": "2026-11-23", "summary": "事实清楚，依据充分。"}
FULL = {
    "outcome": "list",
    "reasons": REASONS,
    "expert": STEP,
    "legal_review": STEP,
    "discussion": STEP,
}


def reviewer(service: Service, sub: str = "reviewer-1") -> dict[str, str]:
    return service.who(scopes=["credit:read", "credit:decide"], sub=sub)


async def opened(service: Service, condition: str = "SEV-T-3", **fields: Any) -> dict[str, Any]:
    if "subject_id" not in fields:
        fields["subject_id"] = (await service.subject())["id"]
    body = {"condition": condition, "reasons": REASONS, **fields}
    made: dict[str, Any] = (await service.post("/listings", body))[0]
    return made


async def said(service: Service, path: str, text: str) -> dict[str, Any]:
    """The subject's own statement; gives the listing as officers see it then."""
    firm = (await service.get(path))["subject"]["id"]
    own = service.who(kind="agency", subject_id=firm, scopes=["credit:read"], sub="agency-1")
    await service.post(f"{path}/statement", {"text": text}, 200, own)
    seen: dict[str, Any] = await service.get(path)
    return seen


async def to_decided(service: Service, listing: dict[str, Any]) -> dict[str, Any]:
    path = f"/listings/{listing['id']}"
    await service.post(f"{path}/notify", {}, 200)
    await said(service, path, "我方认为情节轻微，请求从轻。")
    await service.post(f"{path}/reply", {"accepted": False, "findings": "理由不能成立，不予采纳。"}, 200)
    made: dict[str, Any] = await service.post(f"{path}/decide", FULL, 200, reviewer(service))
    return made


async def listed(service: Service, condition: str = "SEV-T-3", **fields: Any) -> dict[str, Any]:
    listing = await to_decided(service, await opened(service, condition, **fields))
    made: dict[str, Any] = await service.post(f"/listings/{listing['id']}/publish", {}, 200)
    return made


def child_number() -> str:
    """An identity number of somebody born in 2015."""
    body = "14010020150101001"
    weights = [2 ** (17 - n) % 11 for n in range(17)]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
