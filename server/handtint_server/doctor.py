"""What `handtint doctor` looks at: each check says what it saw and what would help."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import __version__, torch_build
from .client.client import Client, ClientError, Rejected, Unreachable
from .discovery import FILE, Discovery, instance_at
from .editors import installer
from .editors.connection import CONNECTION
from .editors.environment import EDITORS, TITLES, Environment, Target
from .editors.gimp_python import python_problem
from .editors.given import known_targets
from .folders import FolderError, runtime_folder
from .memory import is_out_of_memory
from .model import HandtintError, image_formats, kernels_in_use
from .sentences import sentence
from .settings import API_VERSION

OK, NOTE, BAD = "ok", "note", "bad"
NEEDED_GPU_BYTES = 600 << 20
"""What the model and a photo at the largest render size take on a graphics card."""

_PATIENCE = 0.0


@dataclass(frozen=True)
class Finding:
    """A line of the table.  state: "ok", "note" (works, but know this) or "bad"."""

    what: str
    state: str
    saw: str
    remedy: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings and the two verdicts that exit codes come from."""

    findings: list[Finding]
    server_answers: bool
    an_editor_works: bool


def examine(env: Environment, *, server_only: bool = False) -> Diagnosis:
    """Look at everything; with `server_only` at the running server alone."""
    findings = [_version()]
    server, answers = check_server(runtime_folder())
    findings.append(server)
    if server_only:
        return Diagnosis(findings, answers, False)
    findings.append(check_formats())
    model_works = True
    for finding in check_model():
        findings.append(finding)
        model_works = model_works and finding.state != BAD
    editor_works = False
    for finding, works in check_editors(env, answers, model_works):
        findings.append(finding)
        editor_works = editor_works or works
    return Diagnosis(findings, answers, editor_works)


def _version() -> Finding:
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding("Handtint", OK, f"version {__version__}, Python {python}, {sys.platform}")


def check_formats() -> Finding:
    """Which pictures this installation reads."""
    read, lacking = image_formats.read_here()
    saw = f"reads {', '.join(read)}"
    if not lacking:
        return Finding("Pictures", OK, saw)
    return Finding("Pictures", OK, f"{saw}; not {', '.join(lacking)} (its libvips cannot)")


def check_server(folder: Path) -> tuple[Finding, bool]:
    """(finding, whether it can be used) about the server of a runtime folder."""
    name = "Server"
    announced = Discovery.read(folder / FILE)
    start = "start it with: handtint serve (the plug-ins start it by themselves)"
    if announced is None:
        return Finding(name, NOTE, "none is running", start), False
    if not announced.process_exists:
        return (
            Finding(name, NOTE, f"none is running; {folder / FILE} is of one that ended", start),
            False,
        )
    try:
        with Client(
            announced.url, announced.read_token(), timeout=10, patience=_PATIENCE
        ) as client:
            if instance_at(announced.url) != announced.instance:
                return (
                    Finding(name, BAD, f"something else answers at {announced.url}", start),
                    False,
                )
            return _judge_server(announced, client.health(), client.info())
    except FolderError as error:
        return Finding(name, BAD, sentence(error), "restart the server"), False
    except Rejected as error:
        remedy = "restart the server" if error.status == 401 else "see its log"
        saw = (
            "it refuses the token in " + announced.token_file if error.status == 401 else str(error)
        )
        return Finding(name, BAD, saw, remedy), False
    except (Unreachable, OSError):
        saw = f"process {announced.pid} exists, but nothing answers at {announced.url}"
        return Finding(
            name, BAD, saw, f"end process {announced.pid} and start the server anew"
        ), False
    except ClientError as error:
        return Finding(name, BAD, sentence(error), "restart the server"), False


def _judge_server(
    announced: Discovery, health: dict[str, Any], info: dict[str, Any]
) -> tuple[Finding, bool]:
    engines = info.get("engines") or [{}]
    device = ", ".join(str(e.get("device", "?")) for e in engines)
    saw = f"{announced.url}, {health.get('status')}, version {announced.version}, device {device}"
    if health.get("status") == "failed":
        problem = str(engines[0].get("problem", ""))
        return Finding("Server", BAD, f"{saw}: {problem}", "see its log, then restart it"), False
    if announced.api != API_VERSION or announced.version != __version__:
        usable = announced.api == API_VERSION
        remedy = f"restart it: this installation is version {__version__}"
        return Finding("Server", NOTE if usable else BAD, saw, remedy), usable
    return Finding("Server", OK, saw), True


def check_model() -> Iterator[Finding]:
    """Whether weights and device work, by colouring a small picture."""
    import numpy as np

    from handtint_model import load_colorizer

    try:
        given = os.environ.get("HANDTINT_WEIGHTS")
        colorizer = load_colorizer(Path(given) if given else None)
        ramp = np.linspace(0, 255, 64 * 64, dtype=np.uint8).reshape(64, 64)
        colorizer.colorize(colorizer.encode(ramp))
    except HandtintError as error:
        yield Finding("Model", BAD, sentence(error), "install Handtint anew")
        return
    except Exception as error:  # torch's, numba's: whatever a broken installation raises
        if is_out_of_memory(error):
            yield Finding("Model", BAD, "there is too little memory", "end other programs")
            return
        yield Finding("Model", BAD, f"it does not run: {type(error).__name__}: {error}",
                      "install Handtint anew")  # fmt: skip
        return
    which = f"{colorizer.weights_id} of {given}" if given else colorizer.weights_id
    yield Finding("Model", OK, f"weights {which} work on {colorizer.device}")
    yield check_kernels(kernels_in_use())
    yield check_gpu(*gpu_memory())


def check_kernels(kernels: str) -> Finding:
    """What it means which inner loops run."""
    if kernels == "numba":
        return Finding("Inner loops", OK, "compiled by Numba")
    remedy = (
        "unset HANDTINT_NUMBA"
        if os.environ.get("HANDTINT_NUMBA") == "0"
        else "install Numba: pip install numba"
    )
    return Finding("Inner loops", NOTE, "NumPy's, which take several times as long", remedy)


def gpu_memory() -> tuple[str, int, int]:
    """(name, free bytes, all bytes) of the first graphics card; ("", 0, 0) without one."""
    import torch

    if torch.cuda.is_available():
        with contextlib.suppress(RuntimeError):
            free, total = torch.cuda.mem_get_info(0)
            return str(torch.cuda.get_device_name(0)), int(free), int(total)
        return str(torch.cuda.get_device_name(0)), 0, 0
    if torch.backends.mps.is_available():
        return "Apple GPU", 1 << 40, 1 << 40
    return "", 0, 0


def check_gpu(name: str, free: int, total: int) -> Finding:
    """What a graphics card, or none, means."""
    if not name:
        saw, remedy = torch_build.advice(torch_build.card_here(), torch_build.installed_build())
        return Finding("Graphics card", NOTE, saw, remedy)
    if free < NEEDED_GPU_BYTES:
        return Finding(
            "Graphics card",
            NOTE,
            f"{name} has {free >> 20} of {total >> 20} MB free; the processor may have to help",
            "end other programs that use it, or run: handtint serve --device cpu",
        )
    return Finding("Graphics card", OK, name)


def check_editors(
    env: Environment, server_answers: bool, model_works: bool
) -> Iterator[tuple[Finding, bool]]:
    """(finding, whether a click would give colour) for every place of every editor."""
    for editor in EDITORS:
        targets = known_targets(editor, env)
        if not targets:
            title = TITLES[editor]
            remedy = (
                f"if it is there, start it once, or: handtint install {editor} --editor-dir DIR"
            )
            yield Finding(title, NOTE, "not found", remedy), False
        for target in targets:
            finding = check_plugin(target)
            if finding.state != BAD:
                finding = check_way_to_server(target, server_answers, model_works) or finding
            yield finding, finding.state != BAD


def check_plugin(target: Target) -> Finding:
    """Whether the plug-in is installed as this version has it."""
    again = target.install_command
    manifest = installer.Manifest.read(target)
    if manifest is None:
        return Finding(target.title, BAD, "the plug-in is not installed", again)
    if manifest.version != __version__:
        saw = f"the plug-in has version {manifest.version}, the server {__version__}"
        return Finding(target.title, BAD, saw, f"{again}, then restart the editor")
    if changed := manifest.changed(target):
        saw = f"{changed[0]} is missing or changed ({len(changed)} files)"
        return Finding(target.title, BAD, saw, again)
    main = target.path_of("handtint/handtint.py")
    if target.editor == "gimp" and sys.platform != "win32" and not main.stat().st_mode & 0o100:
        return Finding(target.title, BAD, f"{main} may not be executed", again)
    if problem := python_problem(target):
        remedy = "install GIMP's Python bindings, or start GIMP outside the virtual environment"
        return Finding(target.title, BAD, problem, remedy)
    if target.kritarc is not None and not _enabled(target.kritarc):
        saw = "the plug-in is switched off"
        remedy = "Settings > Configure Krita > Python Plugin Manager, or: " + again
        return Finding(target.title, BAD, saw, remedy)
    return Finding(target.title, OK, f"the plug-in is installed in {target.folder}")


def _enabled(kritarc: Path) -> bool:
    try:
        lines = kritarc.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    inside = False
    for line in lines:
        if line.strip().startswith("["):
            inside = line.strip() == "[python]"
        elif inside and line.replace(" ", "") == "enable_handtint=true":
            return True
    return False


def check_way_to_server(target: Target, server_answers: bool, model_works: bool) -> Finding | None:
    """What keeps an installed plug-in from its server; None if nothing does."""
    again = target.install_command
    try:
        connection = json.loads((target.data / CONNECTION).read_text("utf-8"))
        start, can_start = list(connection["start"]), bool(connection["can_start"])
        by_hand = str(connection["start_by_hand"])
    except (OSError, ValueError, KeyError, TypeError):
        saw = f"{target.data / CONNECTION} is missing or damaged"
        return Finding(target.title, BAD, saw, again)
    if server_answers:
        if target.sandbox and Discovery.read(target.data / FILE) is None:
            saw = "the server runs, but has not told this sandboxed editor"
            return Finding(target.title, BAD, saw, "restart the server")
        return None
    if not can_start:
        saw = "a sandboxed editor cannot start the server, and none is running"
        return Finding(target.title, BAD, saw, by_hand)
    if not start or not Path(start[0]).exists():
        saw = f"the Python that starts the server is gone: {start[0] if start else ''}"
        return Finding(target.title, BAD, saw, again)
    if not model_works:
        return Finding(
            target.title, BAD, "the plug-in is installed, but the model fails", "see above"
        )
    return None
