"""The index in memory keeps the promises of the port."""

from collections import defaultdict

import pytest

from roadworthy.testing.conformance.knowledge import KnowledgeIndexConformance, OpenIndex
from roadworthy.testing.memory.knowledge import MemoryKnowledgeIndex, Shelf


class TestMemoryKnowledgeIndex(KnowledgeIndexConformance):
    @pytest.fixture
    def open_index(self) -> OpenIndex:
        shelves: dict[str, Shelf] = defaultdict(Shelf)
        return lambda version: MemoryKnowledgeIndex(shelves[version])
