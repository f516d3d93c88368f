"""Pointblank on Polars, with one step per check: wall and CPU seconds from the first import on, peak memory, verdicts."""

import time

BEGUN = time.perf_counter()

import json  # noqa: E402
import re  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.pop(0)  # this file is called like the package

import pointblank as pb  # noqa: E402
import polars as pl  # noqa: E402

STATUS, HIGHEST = Path("/proc/self/status"), re.compile(r"VmHWM:\s+(\d+)")


def main(data: str, asked: str) -> None:
    """``asked`` is a JSON list of [kind, column, argument, tolerated share]."""
    loaded = time.perf_counter() - BEGUN
    steps = pb.Validate(pl.read_parquet(data))
    for kind, column, argument, tolerated in json.loads(asked):
        more = {"na_pass": True}
        if kind == "required":
            steps = steps.col_vals_not_null(columns=column, thresholds=tolerated or None)
        elif kind == "unique":
            steps = steps.rows_distinct(columns_subset=[column])
        elif kind == "pattern":
            steps = steps.col_vals_regex(columns=column, pattern=argument, **more)
        elif kind == "among":
            steps = steps.col_vals_in_set(columns=column, set=argument)
        elif kind == "minimum":
            steps = steps.col_vals_ge(columns=column, value=argument, **more)
        elif kind == "maximum":
            steps = steps.col_vals_le(columns=column, value=argument, **more)
        elif kind == "minLength":
            steps = steps.col_vals_str_len(columns=column, min_val=argument, **more)
        elif kind == "maxLength":
            steps = steps.col_vals_str_len(columns=column, max_val=argument, **more)
        else:
            steps = steps.row_count_match(count=2 * argument[0], tol=0.5)
    # What costs it time and is not asked of the others is left out.
    found = steps.interrogate(collect_extracts=False, collect_tbl_checked=False)
    wall = time.perf_counter() - BEGUN
    print(
        json.dumps(
            {
                "wall_s": wall,
                "loading_s": loaded,
                "cpu_s": time.process_time(),
                "rss_mb": int(HIGHEST.search(STATUS.read_text())[1]) / 1024,
                "failing": list(found.n_failed().values()),
                "steps": len(found.n_failed()),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
