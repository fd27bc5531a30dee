"""The application factory."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from ..http.gate import Gate, new_token
from ..http.problem import Problem
from ..http.response import problem_answer
from ..settings import Settings
from .errors import problem_from
from .service import Service

if TYPE_CHECKING:
    from ..engine.workers import Load

log = logging.getLogger("handtint.app")


def default_load(weights: Path | None) -> Load:
    """How a server loads its model; imports it only then."""

    def load(device: str) -> Any:
        from handtint_model import load_colorizer

        return load_colorizer(weights, device)

    return load


def create_app(
    settings: Settings | None = None, load: Load | None = None, gate: Gate | None = None
) -> Flask:
    """A server as a WSGI application.

    load: gives the colorizer for a device name; default: that of the settings' weights.
    gate: who may ask; default: loopback with the settings' port and a new token, which is
    ``app.config["TOKEN"]``.  The application's `Service` is ``app.extensions["handtint"]``;
    its `close` ends the engine threads.
    """
    settings = settings or Settings()
    gate = gate or Gate(new_token(), settings.port, settings.allowed_host)
    app = Flask("handtint_server", static_folder=None)
    app.config.update(TOKEN=gate.token, PROPAGATE_EXCEPTIONS=False)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    service = Service(settings, load or default_load(settings.weights))
    app.extensions["handtint"] = service
    from .routes import bp

    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.register_blueprint(bp)
    app.register_error_handler(Exception, _on_error)
    app.after_request(_note_answer)
    app.wsgi_app = _Gated(app.wsgi_app, gate, service)  # type: ignore[method-assign]
    service.start()
    return app


def _on_error(error: Exception) -> Response:
    problem = problem_from(error)
    if problem is None and isinstance(error, HTTPException):
        problem = _routing_problem(error)
    if problem is None:
        log.error("a route failed", exc_info=error)
        problem = Problem("internal", "The server failed; its log says more.")
    return problem_answer(problem)


def _note_answer(response: Response) -> Response:
    # The rule, not the path: that is anybody's text.
    rule = request.url_rule.rule if request.url_rule else "no route"
    log.debug("%s %s: %d", request.method, rule, response.status_code)
    return response


def _routing_problem(error: HTTPException) -> Problem:
    if isinstance(error, MethodNotAllowed):
        allow = ", ".join(sorted(error.valid_methods or ()))
        return Problem(
            "method_not_allowed", f"This route takes {allow}.", headers=(("Allow", allow),)
        )
    if error.code == 404:
        return Problem("not_found", "There is no such route; see GET /openapi.json.")
    if error.code is not None and 400 <= error.code < 500:
        return Problem("bad_http", "The request is malformed.")
    return Problem("internal", "The server failed; its log says more.")


class _Gated:
    """WSGI middleware: nothing is routed that the gate refuses."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]], gate: Gate, service: Service
    ) -> None:
        self._application = application
        self._gate = gate
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def get(name: str) -> str | None:
            value = environ.get("HTTP_" + name.upper().replace("-", "_"))
            return value if value is None else str(value)

        problem = self._gate.refuse(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), get)
        if problem is None:
            self._service.note_request()
            return self._application(environ, start_response)
        self._service.refused(problem.code)
        body = problem.body()
        headers = [*problem.headers(), ("Content-Length", str(len(body)))]
        start_response(problem.status_line, headers)
        return [body]
