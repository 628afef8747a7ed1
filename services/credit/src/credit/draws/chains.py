"""Void draws and those that follow them: who may draw again, what, and when nobody may go round it."""

import json
from typing import Any

from common.auth import Principal, region_prefix
from common.problems import InvalidPayload, Text

from .errors import DrawConflict, DrawNotFound
from .models import Draw
from .preparing import Prepared
from .repository import DrawRepository
from .rules.states import DrawState
from .schemas import DrawIn

__all__ = ["Chains"]

_ASKED = ("region", "kinds", "tiers", "inspectors_per_object", "min_departments", "expertise")


class Chains:
    """A void draw is repeated once, of the same list, by other officers than those of any before it."""

    def __init__(self, draws: DrawRepository) -> None:
        self._draws = draws

    async def to_repeat(self, actor: Principal, wanted: DrawIn) -> Draw | None:
        """The void draw that is repeated, locked; None where none is named.

        Raises:
            DrawNotFound: not in the caller's regions.
            DrawConflict: it is not void, has been repeated, or was given up.
            InvalidPayload: another task, or officers of a void draw of the chain.
        """
        if wanted.redraw_of is None:
            return None
        before = await self._draws.find(wanted.redraw_of, actor, lock=True)
        if before is None or actor.subject_id is not None:
            raise DrawNotFound
        if before.state != DrawState.VOID:
            raise DrawConflict(Text("只有作废的抽取才重抽", "Only a void draw is drawn again"))
        if (following := await self._draws.redraw(before.id)) is not None:
            raise DrawConflict(
                Text("该次作废抽取已重抽", "This void draw has been drawn again"), draw=following.number
            )
        task = (wanted.task.plan_id, wanted.task.no) if wanted.task else (None, None)
        if (before.plan_id, before.task_no) != task:
            raise InvalidPayload.at("/task", Text("重抽须为同一任务", "A redraw is of the same task"))
        if await self._draws.waiver(before.chain) is not None:
            raise DrawConflict(Text("该抽取已终结，不再重抽", "It was given up and is not drawn again"))
        if await self._draws.barred(before.chain) & set(wanted.officers):
            raise InvalidPayload.at(
                "/officers",
                Text("重抽须由其他人员进行", "A redraw goes to officers of no void draw before it"),
            )
        return before

    async def check(self, before: Draw | None, prepared: Prepared, frozen: dict[str, Any]) -> None:
        """Refuse a redraw of something else, and a new draw in place of a redraw.

        A task of a plan that has a void draw is drawn by redraws only. Outside a plan, officers of a void
        draw whose chain has come to no result draw nothing of the same kinds in the same region, until the
        chain is given up. Whom the request recuses, excludes or names as inspectors stays the same.

        Raises:
            InvalidPayload: a redraw asks for something else than the void draw.
            DrawConflict: a void draw waits to be repeated, or that of the task was given up.
        """
        if before is not None:
            earlier = json.loads(before.frozen)
            if prepared.task is None:
                _check_same(earlier, prepared)
            _check_same_people(earlier, frozen)
            return
        waiting = await self._waiting(prepared)
        if waiting is not None:
            if (waiver := await self._draws.waiver(waiting.chain)) is not None:
                raise DrawConflict(
                    Text("该任务的抽取已终结，不再抽取", "The task was given up and is not drawn any more"),
                    draw=waiting.number,
                    waiver=waiver.number,
                )
            raise DrawConflict(
                Text("作废的抽取须先重抽", "A void draw must be drawn again first"),
                draw=waiting.number,
                redraw_of=str(waiting.id),
            )

    async def _waiting(self, prepared: Prepared) -> Draw | None:
        if prepared.task is not None:
            return await self._draws.void_of_task(prepared.task.plan_id, prepared.task.no)
        mine = region_prefix(prepared.region)
        for row in await self._draws.unsettled(prepared.officers):
            theirs = region_prefix(row.region)
            within = mine.startswith(theirs) or theirs.startswith(mine)
            if within and set(row.kinds) & set(prepared.kinds):
                return row
        return None


def _check_same(frozen: dict[str, Any], prepared: Prepared) -> None:
    """Refuse a redraw outside a plan that is not of the list that the void draw was of."""
    by_number = frozen["strata"][0]["ratio_bp"] is None
    asked = prepared.asked()
    before = {name: frozen[name] for name in _ASKED} | {
        "items": frozen["task"]["items"],
        "count": frozen["count"] if by_number else None,
    }
    for name, value in before.items():
        if asked[name] != value:
            raise InvalidPayload.at(
                f"/{name}", Text("重抽内容须与作废抽取一致", "A redraw asks for what the void draw did")
            )


def _check_same_people(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse a redraw that keeps others apart by hand than the void draw did, or names other inspectors.

    What the records and the library know may have changed meanwhile, and covers what was said by hand. Who
    has left the library since is drawn no more, so his recusals fall away.
    """
    people = [{one["id"] for one in frozen["inspectors"]} for frozen in (before, now)]
    before = before | {"recusals": [one for one in before["recusals"] if one["inspector"] in people[1]]}
    for name, by_hand, key in (
        ("recusals", lambda one: one["source"] == "request", lambda one: (one["inspector"], one["object"])),
        ("exclusions", lambda one: one["by"] is not None, lambda one: one["object"]),
    ):
        given = [{key(one) for one in frozen[name] if by_hand(one)} for frozen in (before, now)]
        every = [{key(one) for one in frozen[name]} for frozen in (before, now)]
        if given[0] - every[1] or given[1] - every[0]:
            raise InvalidPayload.at(
                f"/{name}", Text("重抽内容须与作废抽取一致", "A redraw asks for what the void draw did")
            )
    named = [frozen["by_hand"]["inspectors"] > 0 for frozen in (before, now)]
    if named[0] != named[1] or (named[0] and people[0] != people[1]):
        raise InvalidPayload.at(
            "/inspectors", Text("重抽内容须与作废抽取一致", "A redraw asks for what the void draw did")
        )
