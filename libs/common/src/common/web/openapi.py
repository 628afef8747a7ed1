"""The OpenAPI document of a service: access, problems and idempotency stand in it for every operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from common.problems import (
    Forbidden,
    IdempotencyKeyReused,
    InvalidPayload,
    MalformedBody,
    PayloadTooLarge,
    Problem,
    RequestInProgress,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    declare,
)
from common.web.access import required_by
from common.web.route import MAX_KEY, WRITES

__all__ = ["document"]

PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457 problem details; clients switch on `type`",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/not-found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "additionalProperties": True,
}


IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "the same key and body give the first answer again, for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, with `security` on every operation: the scopes, any one of which opens it."""
    schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    schema["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for context in iter_route_contexts(app.routes):
        route: Any = context
        if not route.include_in_schema:
            continue
        requires = required_by(route.dependant)
        for method in route.methods:
            operation = schema["paths"][route.path_format][method.lower()]
            operation["security"] = [{"token": [scope]} for scope in requires.scopes] if requires else []
            usual: list[type[Problem]] = [Unavailable]
            if "422" in operation["responses"]:
                usual.append(InvalidPayload)
            if requires:
                usual += [Unauthenticated, Forbidden]
            if route.body_field is not None:
                usual += [MalformedBody, PayloadTooLarge, UnsupportedMediaType]
            if requires and route.original_route.keyed and method in WRITES:
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
                usual += [RequestInProgress, IdempotencyKeyReused]
            for status, answer in declare(*usual).items():
                declared = operation["responses"].get(str(status))
                if declared is None or "HTTPValidationError" in str(declared):
                    operation["responses"][str(status)] = answer
    for unused in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(unused, None)
    return schema
