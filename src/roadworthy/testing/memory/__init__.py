"""The store and the vault in memory: fast, forgetful, and otherwise as strict as the database."""

from roadworthy.testing.memory.store import MemoryStore
from roadworthy.testing.memory.transaction import MemoryTransaction
from roadworthy.testing.memory.vault import MemoryVault

__all__ = ["MemoryStore", "MemoryTransaction", "MemoryVault"]
