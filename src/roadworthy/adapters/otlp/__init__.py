"""Traces over OTLP/HTTP, as protobuf: to whatever collector or backend reads OpenTelemetry."""

from roadworthy.adapters.otlp.exporter import OtlpExporter

__all__ = ["OtlpExporter"]
