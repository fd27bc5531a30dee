"""Problem JSON (RFC 9457): the one form in which an error leaves the server.

`CODES` is the table of section 11 of ``docs/http-api.md``; a test compares the two.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

CODES: dict[str, int] = {
    "bad_http": 400,
    "bad_multipart": 400,
    "bad_request": 400,
    "token_missing": 401,
    "token_wrong": 401,
    "host_refused": 403,
    "origin_refused": 403,
    "not_found": 404,
    "image_unknown": 404,
    "request_unknown": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "cancelled": 409,
    "request_id_in_use": 409,
    "length_required": 411,
    "body_too_large": 413,
    "image_too_large": 413,
    "hints_too_large": 413,
    "media_type": 415,
    "format_refused": 415,
    "bad_image": 422,
    "bad_plane": 422,
    "bad_profile": 422,
    "bad_hints": 422,
    "bad_option": 422,
    "header_too_large": 431,
    "internal": 500,
    "write_failed": 500,
    "not_implemented": 501,
    "busy": 503,
    "out_of_memory": 503,
    "model_failed": 503,
    "stopping": 503,
    "timed_out": 504,
    "disk_full": 507,
}

PROBLEM_TYPE = "application/problem+json"

COMMON_HEADERS: tuple[tuple[str, str], ...] = (
    ("Handtint-Api", "1"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
)
"""Header fields of every answer."""

# RFC 9110 renamed these two; Python took the new names in 3.13.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


def title_of(status: int) -> str:
    """The reason phrase of a status, the same under every Python."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


class Problem(Exception):
    """An answer that is not the one asked for.

    code: a key of `CODES`.  detail: one sentence for a person.  retry_after: seconds.
    headers: further header fields.  more: further members of the JSON object.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status = CODES[code]
        self.detail = detail
        self.more = more
        self.extra_headers = headers
        if retry_after is not None:
            self.more["retry_after"] = retry_after
            self.extra_headers += (("Retry-After", str(retry_after)),)
        if self.status == 401:
            self.extra_headers += (("WWW-Authenticate", "Bearer"),)

    @property
    def status_line(self) -> str:
        """``404 Not Found``."""
        return f"{self.status} {title_of(self.status)}"

    def body(self) -> bytes:
        """The problem as JSON."""
        return json.dumps(
            {
                "type": "about:blank",
                "title": title_of(self.status),
                "status": self.status,
                "code": self.code,
                "detail": self.detail,
                **self.more,
            },
            ensure_ascii=True,
        ).encode("ascii")

    def headers(self) -> list[tuple[str, str]]:
        """All header fields but Content-Length."""
        return [("Content-Type", PROBLEM_TYPE), *COMMON_HEADERS, *self.extra_headers]
