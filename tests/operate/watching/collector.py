"""An OTLP collector on loopback, that decodes what it is sent and answers as it is told to."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.operate.watching.loopback import serving


class Collector:
    """What was received: requests, spans by (trace, id), and every byte."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.most_spans = 10**9
        self.requests: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.raw = b""
        self.paths: list[str] = []
        self.rejected = 0
        self.address = ""

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for request in self.requests
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.paths.append(path)
        self.headers.append(headers)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.answers:
            status = self.answers.pop(0)
            if status != 200:
                return status, b""
        request = ExportTraceServiceRequest.FromString(body)
        count = sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
        if count > self.most_spans:
            return 413, b""
        self.raw += body
        self.requests.append(request)
        answer = ExportTraceServiceResponse()
        if self.rejected:
            answer.partial_success.rejected_spans = self.rejected
        return 200, answer.SerializeToString()


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens while the block runs."""
    collector = Collector()
    with serving(collector.receive, kind="application/x-protobuf") as collector.address:
        yield collector
