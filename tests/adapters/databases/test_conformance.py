"""The promises of a dataset, kept by tables of three kinds of database."""

import pytest
from tests.adapters.databases.conftest import Place

from roadworthy.ports.tables import Dataset
from roadworthy.testing.conformance.datasets import DatasetConformance, Make

TABLE = "people"


def maker(place: Place, columns: str, mark: str) -> Make:
    def make(rows) -> Dataset:
        values = [tuple(row) for row in rows]
        marks = ", ".join([mark] * 5)
        place.do(
            f"create table {TABLE} ({columns})",
            rows=(f"insert into {TABLE} values ({marks})", values) if values else None,
        )
        return place.open(TABLE)

    return make


class TestSqlite(DatasetConformance):
    @pytest.fixture
    def make(self, sqlite: Place) -> Make:
        inner = maker(sqlite, "id integer, name text, amount real, born date, note text", "?")
        return lambda rows: inner([(*row[:3], row[3].isoformat(), row[4]) for row in rows])


@pytest.mark.postgres
class TestPostgres(DatasetConformance):
    @pytest.fixture
    def make(self, postgres: Place) -> Make:
        return maker(
            postgres,
            "id int primary key, name text, amount numeric(12, 4), born date, note varchar(50)",
            "%s",
        )


class TestMariaDB(DatasetConformance):
    @pytest.fixture
    def make(self, mysql: Place) -> Make:
        columns = "id int primary key, name varchar(50), amount decimal(12, 4), born date, note text, key by_name (name)"
        return maker(mysql, columns, "%s")
