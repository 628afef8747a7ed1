"""Where the templates of papers lie, and how each is known by its hash."""

from pathlib import Path

from common import typesetting

from complaints.documents.rules import Kind

__all__ = ["TEMPLATES", "template_hash"]

TEMPLATES = Path(__file__).parent / "templates"


def template_hash(kind: Kind) -> str:
    """SHA-256 over the template of a kind and the sheet that all share, lower-case hex."""
    return typesetting.template_hash(TEMPLATES, kind.value)
