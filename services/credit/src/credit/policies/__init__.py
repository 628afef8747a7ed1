"""The law and the local rules of this service as versioned data; see the YAML files beside."""

from pathlib import Path

__all__ = ["FOLDER"]

FOLDER = Path(__file__).parent
