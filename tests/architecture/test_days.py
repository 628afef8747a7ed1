"""Every day and instant of a request body is bounded, so that no period added to it leaves the calendar."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from common.calendar import add_months
from common.web import Day, Instant, Model
from common.web.fields import FIRST_DAY, LAST_DAY
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

SERVICES = ("credit", "complaints")
"""Contracts bounds the days of its documents by themselves, in `documents/fields.py`."""


def _routes(service: str) -> Iterator[APIRoute]:
    package = importlib.import_module(service)
    for found in pkgutil.walk_packages(package.__path__, f"{service}."):
        if found.name.rsplit(".", 1)[-1].startswith("routes"):
            for thing in vars(importlib.import_module(found.name)).values():
                if isinstance(thing, APIRouter):
                    yield from (route for route in thing.routes if isinstance(route, APIRoute))


def _unbounded(node: Any, place: str) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") in ("date", "datetime") and not {"ge", "le"} <= set(node):
            yield place
        fields = not isinstance(node.get("type"), str)
        for name, child in node.items():
            if name != "metadata":
                yield from _unbounded(child, f"{place}/{name}" if fields else place)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _unbounded(child, place)


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_holds_a_day_without_bounds(service: str) -> None:
    found = {
        place
        for route in _routes(service)
        for field in route.dependant.body_params
        if field.field_info.annotation is not None
        for place in _unbounded(
            TypeAdapter(field.field_info.annotation).core_schema, f"{route.name} {route.path}"
        )
    }
    assert sorted(found) == []


def test_the_check_bites() -> None:
    class Loose(Model):
        day: date

    class Tight(Model):
        day: Day
        at: Instant | None = None

    assert list(_unbounded(TypeAdapter(list[Loose]).core_schema, "x")) == ["x/day"]
    assert list(_unbounded(TypeAdapter(list[Tight]).core_schema, "x")) == []
    for outside in (
        {"day": "1899-12-31"},
        {"day": "3000-01-01"},
        {"day": "2026-11-23", "at": "0001-01-01T00:00:00Z"},
        {"day": "2026-11-23", "at": "9999-12-31T23:59:59Z"},
    ):
        with pytest.raises(ValidationError, match="should be"):
            Tight.model_validate(outside)
    assert add_months(LAST_DAY, 1200) - timedelta(days=1) > LAST_DAY and FIRST_DAY.year == 1900
