"""How long the page of figures takes with a million closed cases: `python -m tests.bench.metrics_page [CASES]`.

The last line is JSON. The bar is 50 ms of CPU for one page (without the gate's verdicts, which are judged at most once a
minute and told apart), whatever the number of closed cases.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.operate.office import Office
from tests.operate.watching.cases import answer

from roadworthy.operate.bookkeeping import sequence_all
from roadworthy.operate.watching.counting import count_round
from roadworthy.operate.watching.figures import Figures

BAR_MS = 50.0
_FILL = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO {table} ({columns})
SELECT {values} FROM n, (SELECT * FROM {table} WHERE {one} LIMIT 1) AS t
"""


def fill(office: Office, table: str, one: str, changes: dict[str, str], count: int) -> None:
    """Copies of one row, alike in everything but ``changes``."""
    with office.store.write() as tx:
        connection = tx.connection
        names = [row[1] for row in connection.exec_driver_sql(f"PRAGMA table_info({table})")]
        statement = _FILL.format(
            table=table,
            columns=", ".join(f'"{name}"' for name in names),
            values=", ".join(changes.get(name, f't."{name}"') for name in names),
            one=one,
        )
        connection.exec_driver_sql(statement, (count - 1,))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory() as folder:
        office = Office(Path(folder))
        office.release(answer)
        for number in range(20):
            office.submit(f"C-{number}")
        office.work()
        sequence_all(office.deployment)
        count_round(office.deployment)
        key = "'X' || printf('%025d', n.i)"
        fill(office, "case_record", "state = 'closed'", {"id": key, "key": key}, count)
        fill(office, "effect", "state = 'confirmed'", {"id": key, "key": key, "case_id": key}, count)
        for number in range(1_000):
            office.submit(f"open-{number}")
        figures = Figures(office.deployment)
        begun = time.process_time()
        first = len(figures.page())
        with_verdicts = (time.process_time() - begun) * 1e3
        times = []
        for _ in range(9):
            begun = time.process_time()
            figures.page()
            times.append((time.process_time() - begun) * 1e3)
        office.store.close()
    median = sorted(times)[4]
    print(
        json.dumps(
            {
                "cases": count,
                "page_ms": round(median, 1),
                "first_page_ms": round(with_verdicts, 1),
                "bytes": first,
                "bar_ms": BAR_MS,
                "holds": median <= BAR_MS,
            }
        )
    )


if __name__ == "__main__":
    main()
