"""Every knowledge index keeps the promises of the port."""

from __future__ import annotations

import pytest
from tests.adapters.knowledge.conftest import KINDS

from roadworthy.testing.conformance.knowledge import KnowledgeIndexConformance


@pytest.mark.parametrize("kind", KINDS)
class TestKnowledgeIndex(KnowledgeIndexConformance):
    pass
