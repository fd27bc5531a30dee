"""Logs: JSON lines in a rotating file, warnings for people on the terminal.

No token, no pixel, no file name is ever logged.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MAX_BYTES = 5 << 20
BACKUPS = 3

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message and whatever came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class QuietFile(logging.handlers.RotatingFileHandler):
    """A log file that may fail (a full disk) without taking the server with it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8")
        self._warned = threading.Event()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say once on the terminal that the file cannot be written."""
        if self._warned.is_set():
            return
        self._warned.set()
        error = sys.exc_info()[1]
        reason = getattr(error, "strerror", None) or error
        _say(f"The log file {self.baseFilename} cannot be written: {reason}.")


class Terminal(logging.StreamHandler[Any]):
    """Messages without traceback, for people."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(logging.Formatter("handtint: %(message)s"))

    def format(self, record: logging.LogRecord) -> str:
        """The message alone."""
        return f"handtint: {record.getMessage()}"

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A terminal that is gone is no fault."""


def configure(path: Path, level: str) -> Path | None:
    """Set logging up; the log file in use, or None if it cannot be written."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level.upper())
    terminal = Terminal()
    terminal.setLevel(logging.WARNING)
    root.addHandler(terminal)
    for noisy in ("waitress.queue", "PIL", "numba"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # Its warnings are heard where files are read: they tell of pixels that lack.
    logging.getLogger("pyvips").propagate = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = QuietFile(path)
    except OSError as error:
        reason = error.strerror or error
        _say(f"The log file {path} cannot be written: {reason}. Logging to the terminal only.")
        return None
    file.setFormatter(JsonLines())
    root.addHandler(file)
    return path


def _say(text: str) -> None:
    print(f"handtint: {text}", file=sys.stderr, flush=True)
