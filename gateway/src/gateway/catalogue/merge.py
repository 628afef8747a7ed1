"""Merging OpenAPI documents, and reading from one which operations are public. Pure."""

import copy
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["PublicOperations", "merge"]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})
REFERENCE = "#/components/"
PARAMETER = re.compile(r"\\\{[^}]*\\\}")


def merge(
    title: str, version: str, server: str, documents: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """One document of the named ones: components and operation ids carry their service's name."""
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": server}],
        "tags": [],
        "paths": {},
        "components": {},
    }
    for name, document in documents.items():
        own = _renamed(copy.deepcopy(dict(document)), name)
        for section, entries in own.get("components", {}).items():
            target = merged["components"].setdefault(section, {})
            keep = section == "securitySchemes"
            target.update({entry if keep else f"{name}.{entry}": value for entry, value in entries.items()})
        for path, item in own.get("paths", {}).items():
            if path in HEALTH:
                continue
            for method in METHODS:
                if operation := item.get(method):
                    operation["operationId"] = f"{name}_{operation.get('operationId', method + path)}"
                    operation["tags"] = [f"{name}: {tag}" for tag in operation.get("tags", [name])]
            merged["paths"][path] = item
    merged["paths"] = dict(sorted(merged["paths"].items()))
    tags = {
        tag for item in merged["paths"].values() for m in METHODS for tag in item.get(m, {}).get("tags", ())
    }
    merged["tags"] = [{"name": tag} for tag in sorted(tags)]
    return merged


def _renamed(node: Any, name: str) -> Any:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(REFERENCE):
            section, _, entry = reference.removeprefix(REFERENCE).partition("/")
            if section != "securitySchemes":
                node["$ref"] = f"{REFERENCE}{section}/{name}.{entry}"
        mapping = node.get("discriminator", {})
        if isinstance(mapping, dict) and isinstance(mapping.get("mapping"), dict):
            mapping["mapping"] = {
                key: value.replace(f"{REFERENCE}schemas/", f"{REFERENCE}schemas/{name}.")
                for key, value in mapping["mapping"].items()
            }
        for child in node.values():
            _renamed(child, name)
    elif isinstance(node, list):
        for child in node:
            _renamed(child, name)
    return node


class PublicOperations:
    """Which operations of a service need no token: those that its document marks with empty `security`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._operations: list[tuple[re.Pattern[str], frozenset[str], frozenset[str]]] = []
        self._open_ended: list[tuple[re.Pattern[str], frozenset[str]]] = []
        for path, item in document.get("paths", {}).items():
            methods = frozenset(method.upper() for method in METHODS if method in item)
            public = frozenset(
                method.upper() for method in METHODS if method in item and item[method].get("security") == []
            )
            escaped = re.escape(path)
            self._operations.append((re.compile(PARAMETER.sub("[^/]+", escaped)), methods, public))
            if public and "/log/" in path and path.endswith("}"):
                self._open_ended.append((re.compile(PARAMETER.sub(".+", escaped)), public))

    def allows(self, method: str, path: str) -> bool:
        """Whether a request without a token may go on to the service, which judges again itself.

        A path that fits an operation as it is written is judged by it. Only one that fits none may be a tile
        of a log, whose last parameter holds slashes.
        """
        if method == "HEAD":
            method = "GET"
        fitting = [
            (methods, public) for pattern, methods, public in self._operations if pattern.fullmatch(path)
        ]
        if fitting:
            return any(method in public for methods, public in fitting)
        return any(method in public and pattern.fullmatch(path) for pattern, public in self._open_ended)
