"""The smallest request that an operation's OpenAPI document lets through, made from its schema."""

from typing import Any

__all__ = ["request"]

# What the documents ask for by pattern; a new pattern fails here until somebody writes an example of it.
PATTERNS = {
    "^[0-9a-f]{64}$": "ab" * 32,
    r"^[^\x00-\x20\x7f]{1,100}$": "someone",
    "^[A-Z][A-Z0-9-]{2,39}$": "ABC-1",
    "^[0-9]{6}$": "140000",
    r"^\d{4}-\d{2}-\d{2}$": "2026-11-23",
}
FORMATS = {
    "date": "2026-11-23",
    "date-time": "2026-11-23T09:30:00+08:00",
    "uuid": "01900000-0000-7000-8000-000000000000",
}
PDF = b"%PDF-1.7\n%%EOF\n"


def request(document: dict[str, Any], operation: str) -> dict[str, Any]:
    """What httpx is told to send: nothing, a `json` body with the required fields, or `files`."""
    method, path = operation.split(" ", 1)
    body = document["paths"][path][method.lower()].get("requestBody")
    if body is None:
        return {}
    if "multipart/form-data" in body["content"]:
        return {"files": {"file": ("file.pdf", PDF, "application/pdf")}}
    return {"json": _sample(document, body["content"]["application/json"]["schema"])}


def _sample(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _sample(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return _sample(document, schema["anyOf"][0])
    if schema["type"] == "object":
        fields = schema.get("properties", {})
        return {name: _sample(document, fields[name]) for name in schema.get("required", [])}
    if schema["type"] == "array":
        return [_sample(document, schema["items"]) for _ in range(schema.get("minItems", 1))]
    if schema["type"] == "string":
        return _text(schema)
    if schema["type"] == "boolean":
        return True
    return int(max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1))


def _text(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return PATTERNS[schema["pattern"]]
    return "与本案无关的人。".ljust(schema.get("minLength", 0), "。")
