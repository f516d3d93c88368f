"""Durable jobs on DBOS Transact, with a lease and a reaper of our own in place of its paid recovery."""

from roadworthy.adapters.dbos.engine import DbosEngine

__all__ = ["DbosEngine"]
