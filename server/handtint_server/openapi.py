"""``/openapi.json``: OpenAPI 3.1 made from the models that validate (`schemas`)."""

from __future__ import annotations

from typing import Any


def document() -> dict[str, Any]:
    """The description of the API."""
    return {}
