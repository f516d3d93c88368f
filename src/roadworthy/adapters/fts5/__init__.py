"""A knowledge index in a SQLite file: full text by FTS5, vectors searched exactly in memory."""

from roadworthy.adapters.fts5.homes import homes
from roadworthy.adapters.fts5.index import Fts5Index

__all__ = ["Fts5Index", "homes"]
