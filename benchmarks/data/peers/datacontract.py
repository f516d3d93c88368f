"""datacontract-cli on one contract file: wall and CPU seconds from the first import on, peak memory, verdicts."""

import time

BEGUN = time.perf_counter()

import json  # noqa: E402
import logging  # noqa: E402
import re  # noqa: E402
import sys  # noqa: E402
from collections import Counter  # noqa: E402
from pathlib import Path  # noqa: E402

sys.path.pop(0)  # this file is called like the package

from datacontract.data_contract import DataContract  # noqa: E402

STATUS, HIGHEST = Path("/proc/self/status"), re.compile(r"VmHWM:\s+(\d+)")


def main(contract: str) -> None:
    """Test the contract against its only server."""
    logging.disable(logging.CRITICAL)
    loaded = time.perf_counter() - BEGUN
    run = DataContract(data_contract_file=contract, server="here").test()
    wall = time.perf_counter() - BEGUN
    print(
        json.dumps(
            {
                "wall_s": wall,
                "loading_s": loaded,
                "cpu_s": time.process_time(),
                "rss_mb": int(HIGHEST.search(STATUS.read_text())[1]) / 1024,
                "verdicts": Counter(str(one.result.value) for one in run.checks),
                "failed": sorted(one.key for one in run.checks if one.result.value == "failed"),
                "of_contract": str(run.result.value),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
