"""The machine-readable description: valid, complete, and true under generated requests."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from handtint_server.api.openapi import document
from handtint_server.api.schemas import (
    ColorizeRequest,
    SuggestRequest,
    UncertaintyRequest,
)
from handtint_server.http.problem import CODES
from handtint_server.settings import markdown_table

from ..conftest import SECONDS, Live

ROOT = Path(__file__).parents[3]
API = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
CASES = int(os.environ.get("HANDTINT_SCHEMATHESIS_CASES", "170"))
"""Generated cases for each operation that has so many: over 500 in all."""

SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [operation.ok() for operation in SCHEMA.get_all_operations()]


def test_document_is_valid_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document()).validate()


def test_every_route_is_described(live: Live) -> None:
    described = {
        (re.sub(r"{(\w+)}", r"<\1>", path), method.upper())
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }
    routed = {
        (rule.rule, method)
        for rule in live.runner.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    assert described == routed


def test_docs_know_every_route_code_and_field(live: Live) -> None:
    for path in document()["paths"]:
        assert f"`{path}`" in API or f" {path}`" in API, path
    table = set(re.findall(r"`([a-z_]+)`", API[API.index("## 11. Errors") : API.index("## 12.")]))
    assert set(CODES) <= table
    for code, status in CODES.items():
        assert re.search(rf"\| {status} \| [^|]*`{code}`", API), code
    for model in (ColorizeRequest, SuggestRequest, UncertaintyRequest):
        for name in model.model_fields:
            assert f"`{name}`" in API or f"`request.{name}`" in API, name


def test_docs_have_the_table_of_settings() -> None:
    assert markdown_table() in (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_generated_requests_get_what_the_document_says(live: Live, operation: Any) -> None:
    """schemathesis: valid and invalid requests; no 5xx, every answer as described."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=CASES if operation.body else min(CASES, 40),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
    )
    def check(case: Any) -> None:
        response = case.call(base_url=live.url, headers=live.auth, timeout=SECONDS)
        assert response.status_code < 500, response.text
        # A schema cannot say that the pixels must fit the JSON beside them.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    check()


@pytest.mark.parametrize("path", ["/v1/colorize", "/v1/suggest", "/v1/uncertainty"])
def test_generated_json(live: Live, path: str) -> None:
    """Any JSON at all, NaN and Infinity too: refused in order."""
    names = st.sampled_from(sorted(ColorizeRequest.model_fields)) | st.text(max_size=8)
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )

    @given(body=st.dictionaries(names, values, max_size=6))
    @settings(
        max_examples=CASES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def check(body: Any) -> None:
        headers = {"Content-Type": "application/json"}
        response = live.post(path, data=json.dumps(body), headers=headers)
        assert response.status_code in (200, 400, 404, 413, 422), response.text

    check()
