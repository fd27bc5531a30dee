"""What the user is told in place of a result."""


class Problem(Exception):
    """One or two sentences for the user: what is in the way, and what to do."""


class Cancelled(Exception):
    """The user closed a dialog; not a fault."""
