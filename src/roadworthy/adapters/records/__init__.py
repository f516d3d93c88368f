"""Tables as files: each row a record that names its columns."""

from roadworthy.adapters.records.reader import TableReader

__all__ = ["TableReader"]
