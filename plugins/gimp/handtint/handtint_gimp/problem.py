"""What the user is told in place of a result."""

from .client import ClientError, Dropped


class Problem(ClientError):
    """One or two sentences for the user: what is in the way, and what to do."""


class Cancelled(Dropped):
    """The user closed a dialog; not a fault."""
