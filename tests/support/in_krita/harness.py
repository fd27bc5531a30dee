"""Runs inside Krita: cases one after the other, their outcomes into result.json.

kritarunner's exit status says nothing and neither does Krita's, so the file is the verdict:
{"cases": {name: "ok" or a traceback}, "values": {...}, "complete": true}.  It is written
after every case: a crash leaves `complete` false.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handtint.client import ClientError, Session
from handtint.client.driver import Job
from handtint.network import Network
from handtint.qt import QtCore, QtWidgets

from krita import Krita

OUT = Path(os.environ["HANDTINT_TEST_OUT"])
VALUES: dict[str, Any] = {}
"""Whatever a case measures, for the one who reads result.json."""


def _write(cases: dict[str, str], complete: bool) -> None:
    content = {"cases": cases, "values": VALUES, "complete": complete}
    new = OUT / "result.json.new"
    new.write_text(json.dumps(content, indent=1))
    new.replace(OUT / "result.json")


def run_cases(module: Any) -> None:
    """Run every function `case_*` of a module, in the order of the file; ends the program."""
    Krita.instance().setBatchmode(True)  # else a question about a profile waits for ever
    wanted = os.environ.get("HANDTINT_TEST_CASE", "")
    cases: dict[str, str] = {}
    _write(cases, False)
    for name, function in list(vars(module).items()):
        if not name.startswith("case_") or wanted not in name:
            continue
        print("CASE", name, flush=True)
        cases[name] = "did not end"
        _write(cases, False)
        began = time.perf_counter()
        try:
            function()
            cases[name] = "ok"
        except BaseException:
            cases[name] = traceback.format_exc()
            print(cases[name], flush=True)
        for document in Krita.instance().documents():
            document.setModified(False)
            document.close()
        VALUES.setdefault("seconds", {})[name] = round(time.perf_counter() - began, 2)
        _write(cases, False)
    _write(cases, True)
    sys.stdout.flush()
    os._exit(0)


def main(arguments: list[str]) -> None:
    """Entry for kritarunner: the module named by HANDTINT_TEST_MODULE."""
    import importlib

    try:
        module = importlib.import_module(os.environ["HANDTINT_TEST_MODULE"])
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    run_cases(module)


_network: list[Network] = []


def network() -> Network:
    """One for all cases."""
    if not _network:
        _network.append(Network())
    return _network[0]


def wait(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Let events run until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        QtWidgets.QApplication.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 20)
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} seconds")


def run(flow: Any, seconds: float = 300.0, reports: list[Any] | None = None) -> Any:
    """The result of a flow; raises the ClientError that it ended with."""
    results: list[Any] = []
    errors: list[ClientError] = []
    reports = [] if reports is None else reports

    def report(text: str, fraction: float) -> None:
        reports.append((text, fraction))

    job = Job(network(), flow, results.append, errors.append, report).start()
    try:
        wait(lambda: job.over, seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}; the last reports: {reports[-3:]}") from error
    if errors:
        raise errors[0]
    return results[0]


def session() -> Session:
    """A session with the server that the environment names."""
    return Session("krita")
