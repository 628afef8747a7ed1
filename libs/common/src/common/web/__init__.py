"""The HTTP edge that all services share; the only part of common that knows FastAPI."""

from common.web.access import Requires
from common.web.app import LifespanPart, create_service_app
from common.web.dependencies import ClockDep, CursorParam, KeyringDep, LanguageDep, LimitParam, SessionDep
from common.web.errors import field_errors, problem_response
from common.web.fields import Day, Instant, OneLine
from common.web.route import ServiceRouter
from common.web.schemas import Model
from common.web.versions import ExpectedVersion, StatedVersion, etag

__all__ = [
    "ClockDep",
    "CursorParam",
    "Day",
    "ExpectedVersion",
    "Instant",
    "KeyringDep",
    "LanguageDep",
    "LifespanPart",
    "LimitParam",
    "Model",
    "OneLine",
    "Requires",
    "ServiceRouter",
    "SessionDep",
    "StatedVersion",
    "create_service_app",
    "etag",
    "field_errors",
    "problem_response",
]
