"""The errors that Handtint raises on purpose.

HandtintError
├── BadImage        a file or plane that cannot be colorized as it is
│   └── TooManyPixels   its pixels are more than the limit
├── BadHint         hints that do not fit the photo or cannot be read
├── BadOption       an option outside its range
├── BadCheckpoint   weights that are damaged, foreign or of another version
├── WriteFailed     a file that cannot be written
├── DeviceProblem   the chosen device does not exist or has too little memory
└── Cancelled       the caller asked to stop; not a fault

Each message is one sentence for a person that says what is wrong and, where there
are choices, names the valid ones.  Code that meets foreign input turns what libraries
raise into one of these (``raise ... from error``) and lets nothing else pass.
"""

from __future__ import annotations


class HandtintError(Exception):
    """Base of every error that Handtint raises on purpose."""


class BadImage(HandtintError):
    """A file or plane that cannot be colorized as it is."""


class TooManyPixels(BadImage):
    """A picture of `size`, width and height as stored, which is more than the limit."""

    size = (0, 0)


class BadHint(HandtintError):
    """Hints that do not fit the photo or cannot be read."""


class BadOption(HandtintError):
    """An option outside its range."""


class BadCheckpoint(HandtintError):
    """Weights that are damaged, foreign or of another version."""


class WriteFailed(HandtintError):
    """A file that cannot be written."""


class DeviceProblem(HandtintError):
    """The chosen device does not exist or has too little memory."""


class Cancelled(HandtintError):
    """The caller asked to stop; not a fault."""
