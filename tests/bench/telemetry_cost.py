"""What watching adds to a run: CPU of lineage, figures and traces beside that of the cases themselves.

`python -m tests.bench.telemetry_cost [CASES]`; the last line is JSON. The bar is 5 %. Traces are made and packed as they
are sent; what sends them is left out, because it waits for another machine.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.operate.office import Office
from tests.operate.watching.cases import answer

from roadworthy.adapters.otlp import OtlpExporter
from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.watching.counting import count_round
from roadworthy.operate.watching.exporting import Export
from roadworthy.ports.posting import Posted

BAR = 0.05


def cpu(do: Callable[[], object]) -> float:
    begun = time.process_time()
    do()
    return time.process_time() - begun


def nowhere(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float) -> Posted:
    """Takes everything."""
    return Posted(200, 0.0, b"")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        office.release(answer)
        export = Export(OtlpExporter(nowhere, "http://x", headers={}, resource={}), share=1.0)
        for number in range(100):
            office.submit(f"warm-{number}")
        office.work()
        sequence_all(office.deployment)
        count_round(office.deployment)
        export(office.deployment)

        edges = 0.0
        add = office.store.lineage.add

        def timed(*arguments: object) -> None:
            nonlocal edges
            begun = time.process_time()
            add(*arguments)  # type: ignore[arg-type]
            edges += time.process_time() - begun

        office.store.lineage.add = timed  # type: ignore[method-assign]

        def run() -> None:
            for number in range(count):
                office.submit(f"C-{number}")
            office.work()
            sequence_all(office.deployment)

        cases = cpu(run) - edges
        figures = cpu(lambda: count_round(office.deployment))
        traces = cpu(lambda: export(office.deployment))
        office.store.close()
    share = (edges + figures + traces) / cases
    print(
        json.dumps(
            {
                "cases": count,
                "case_ms": round(cases / count * 1e3, 2),
                "lineage_ms": round(edges / count * 1e3, 3),
                "figures_ms": round(figures / count * 1e3, 3),
                "traces_ms": round(traces / count * 1e3, 3),
                "share": round(share, 4),
                "bar": BAR,
                "holds": share <= BAR,
            }
        )
    )


if __name__ == "__main__":
    main()
