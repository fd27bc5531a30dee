"""A Python client of a server; `Client` is what scripts use."""

from .client import (
    BadReply,
    Client,
    ClientError,
    Colorized,
    Rejected,
    SuggestedColor,
    Unreachable,
)

__all__ = [
    "BadReply",
    "Client",
    "ClientError",
    "Colorized",
    "Rejected",
    "SuggestedColor",
    "Unreachable",
]
