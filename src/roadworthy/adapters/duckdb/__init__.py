"""Tables in files, understood and looked at with DuckDB: CSV, JSON, Parquet, Excel, here or in an object store."""

from roadworthy.adapters.duckdb.unpacking import Limits
from roadworthy.adapters.duckdb.workbench import DuckWorkbench

__all__ = ["DuckWorkbench", "Limits"]
