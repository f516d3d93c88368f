"""Results of evaluations from and for elsewhere: lines of JSON, and logs of Inspect AI."""

from roadworthy.evaluation.formats.inspect_log import InspectLog, read_inspect
from roadworthy.evaluation.formats.inspect_writing import write_inspect
from roadworthy.evaluation.formats.lines import results_from_jsonl, results_to_jsonl

__all__ = ["InspectLog", "read_inspect", "results_from_jsonl", "results_to_jsonl", "write_inspect"]
