"""Which indexes one server's schema holds."""

from __future__ import annotations

from roadworthy.adapters.pgvector.database import Server


def homes(address: str) -> tuple[tuple[str, str, str], ...]:
    """Use case, source and version of every index of the schema, which is made where it is missing."""
    server = Server(address)
    try:
        with server.reading() as session:
            rows = session.rows("SELECT use_case, source, version FROM knowledge.home ORDER BY id")
    finally:
        server.close()
    return tuple((row.use_case, row.source, row.version) for row in rows)
