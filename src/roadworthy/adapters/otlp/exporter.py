"""Spans as OTLP requests. Source: OTLP specification 1.7, section OTLP/HTTP."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2 as wire

from roadworthy.errors import Unavailable
from roadworthy.ports.posting import Post
from roadworthy.telemetry import Kind, Span, Value
from roadworthy.telemetry.names import CONVENTIONS, ERROR_TYPE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {Kind.INTERNAL: wire.Span.SPAN_KIND_INTERNAL, Kind.CLIENT: wire.Span.SPAN_KIND_CLIENT}
_AGAIN = frozenset({408, 429, 502, 503, 504})
_TOO_LARGE = 413
_REFUSED = 400


class OtlpExporter:
    """The port ``SpanExporter``.

    ``address`` is the whole address of the traces endpoint. ``resource`` says who sends (``service.name``).
    """

    def __init__(
        self,
        post: Post,
        address: str,
        *,
        headers: Mapping[str, str],
        resource: Mapping[str, str],
        timeout_s: float = 10.0,
        compress: bool = True,
        version: str = "",
    ) -> None:
        self._post = post
        self._address = address
        self._timeout_s = timeout_s
        self._compress = compress
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        if compress:
            self._headers["content-encoding"] = "gzip"
        self._resource = Resource(attributes=_attributes(resource))
        self._scope = InstrumentationScope(
            name="roadworthy",
            version=version,
            attributes=_attributes({"roadworthy.conventions": CONVENTIONS}),
        )

    def export(self, spans: Sequence[Span]) -> int:
        """Send them. What is too large for the receiver goes in halves; what it refuses for good is counted."""
        if not spans:
            return 0
        answer = self._post(self._address, self._body(spans), self._headers, timeout_s=self._timeout_s)
        if 200 <= answer.status < 300:
            return _rejected(answer.body)
        if answer.status == _TOO_LARGE and len(spans) > 1:
            half = len(spans) // 2
            return self.export(spans[:half]) + self.export(spans[half:])
        if answer.status in {_TOO_LARGE, _REFUSED}:
            return len(spans)
        if answer.status in _AGAIN or answer.status >= 500:
            raise Unavailable(
                "RW-TELEMETRY-001", f"the collector answers {answer.status}", retry_is_safe=True
            )
        raise Unavailable(
            "RW-TELEMETRY-002",
            f"the collector answers {answer.status}, whatever is sent",
            retry_is_safe=True,
            hint="look at OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS; nothing is lost meanwhile",
        )

    def _body(self, spans: Sequence[Span]) -> bytes:
        request = ExportTraceServiceRequest(
            resource_spans=[
                wire.ResourceSpans(
                    resource=self._resource,
                    scope_spans=[wire.ScopeSpans(scope=self._scope, spans=[_span(each) for each in spans])],
                )
            ]
        )
        body: bytes = request.SerializeToString()
        # Level 1: half the size for a tenth of the time that the default takes.
        return gzip.compress(body, 1, mtime=0) if self._compress else body


def _span(span: Span) -> wire.Span:
    attributes = {**span.attributes, ERROR_TYPE: span.failed} if span.failed else span.attributes
    return wire.Span(
        trace_id=bytes.fromhex(span.trace),
        span_id=bytes.fromhex(span.id),
        parent_span_id=bytes.fromhex(span.parent),
        name=_text(span.name),
        kind=_KINDS[span.kind],
        start_time_unix_nano=_nanoseconds(span.start),
        end_time_unix_nano=_nanoseconds(span.end),
        attributes=_attributes(attributes),
        # What is empty is left out: it says the same, and building it takes longer than all that is there.
        links=[
            wire.Span.Link(
                trace_id=bytes.fromhex(link.trace),
                span_id=bytes.fromhex(link.span),
                attributes=_attributes(link.attributes),
            )
            for link in span.links
        ]
        if span.links
        else None,
        events=[
            wire.Span.Event(
                time_unix_nano=_nanoseconds(each.at),
                name=each.name,
                attributes=_attributes(each.attributes),
            )
            for each in span.happenings
        ]
        if span.happenings
        else None,
        status=wire.Status(code=wire.Status.STATUS_CODE_ERROR) if span.failed else None,
    )


def _attributes(values: Mapping[str, Value] | Mapping[str, str]) -> list[Any]:
    return [_pair(name, value.__class__.__name__, value) for name, value in values.items()]


@lru_cache(maxsize=8_192)
def _pair(name: str, _kind: str, value: Value) -> Any:
    """Most of what spans tell is the same from case to case: names, classes, currencies. 1, 1.0 and True are not."""
    return KeyValue(key=name, value=_value(value))


def _value(value: Value) -> Any:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=_text(value))
    return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=_text(one)) for one in value]))


def _text(value: str) -> str:
    """Protobuf carries no halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode()


def _nanoseconds(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000


def _rejected(body: bytes) -> int:
    """How many spans of an accepted request were refused (partial success). An answer in another form: none."""
    try:
        return int(ExportTraceServiceResponse.FromString(body).partial_success.rejected_spans)
    except Exception:  # noqa: BLE001 - protobuf raises an error of its own module for any malformed bytes
        return 0
