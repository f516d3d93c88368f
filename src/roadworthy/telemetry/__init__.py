"""What others see of a case: spans, lineage, figures. References and digests, never content."""

from roadworthy.telemetry.lineage import Edge, Relation, edges_of_step, graph_of, reference
from roadworthy.telemetry.prov import prov_json
from roadworthy.telemetry.sampling import sampled
from roadworthy.telemetry.span import Happening, Kind, Link, Span, Value, span_id, trace_id
from roadworthy.telemetry.tree import CaseFacts, case_trace, span_of_review, spans_of_case

__all__ = [
    "CaseFacts",
    "Edge",
    "Happening",
    "Kind",
    "Link",
    "Relation",
    "Span",
    "Value",
    "case_trace",
    "edges_of_step",
    "graph_of",
    "prov_json",
    "reference",
    "sampled",
    "span_id",
    "span_of_review",
    "spans_of_case",
    "trace_id",
]
