"""DeepEval over scripted answers with its exact match, 32 at once: wall and CPU seconds, how many passed."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.pop(0)  # this file is called like the package
os.environ.update(
    DEEPEVAL_TELEMETRY_OPT_OUT="1",
    DEEPEVAL_NO_INSPECT_PROMPT="1",
    DEEPEVAL_DISABLE_DOTENV="1",
    ERROR_REPORTING="0",
    CONFIDENT_METRIC_LOGGING_ENABLED="0",
    DEEPEVAL_PER_TASK_TIMEOUT_SECONDS_OVERRIDE="3600",
    DEEPEVAL_PER_ATTEMPT_TIMEOUT_SECONDS_OVERRIDE="3600",
)
os.chdir(tempfile.mkdtemp())  # it keeps files beside whoever calls it

from deepeval import evaluate  # noqa: E402
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig, ErrorConfig  # noqa: E402
from deepeval.metrics import ExactMatchMetric  # noqa: E402
from deepeval.test_case import LLMTestCase  # noqa: E402


def main(cases: str, at_once: str) -> None:
    """Loading the package is not counted: ours is measured in a process that is warm as well."""
    rows = json.loads(Path(cases).read_text())
    wall, cpu = time.perf_counter(), time.process_time()
    tests = [
        LLMTestCase(input=one["question"], actual_output=one["answer"], expected_output=one["expected"])
        for one in rows
    ]
    found = evaluate(
        test_cases=tests,
        metrics=[ExactMatchMetric()],
        async_config=AsyncConfig(run_async=True, max_concurrent=int(at_once)),
        display_config=DisplayConfig(show_indicator=False, print_results=False, inspect_after_run=False),
        cache_config=CacheConfig(write_cache=False, use_cache=False),
        error_config=ErrorConfig(ignore_errors=False),
    )
    line = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "tests": len(found.test_results),
        "passed": sum(bool(one.success) for one in found.test_results),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main(*sys.argv[1:])
