"""All policy files of all services as one Markdown text."""

from importlib.util import find_spec
from pathlib import Path

from common.policies import Policy, PolicySet, printed
from pydantic import ConfigDict

from tourtrust.runtime.vault import SERVICES

__all__ = ["printed_policies"]


class AnyPolicy(Policy):
    """A policy of any service: the head is checked, the body taken as it is written."""

    model_config = ConfigDict(extra="allow")


def printed_policies(service: str | None = None) -> str:
    """The policies of one service, or of all, with a heading for each service."""
    parts = []
    for name in [service] if service else SERVICES:
        spec = find_spec(name)
        folder = Path(spec.origin).parent / "policies" if spec and spec.origin else None
        if folder and folder.is_dir():
            parts.append(f"# {name}\n\n{printed(PolicySet.load(folder, AnyPolicy))}")
    return "\n".join(parts)
