"""What a charter says of knowledge."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from roadworthy.charter import Knowledge
from roadworthy.charter.knowing import DocumentAccess


def test_a_source_is_a_folder_or_a_query_and_never_both() -> None:
    query = {"source": "books", "sql": "select name, title, text from article"}
    assert Knowledge(path="knowledge", owner="lena").query is None
    assert Knowledge.model_validate({"query": query, "owner": "lena"}).path == ""
    for wrong in ({"owner": "lena"}, {"path": "knowledge", "query": query, "owner": "lena"}):
        with pytest.raises(ValidationError, match="either a `path` or a `query`"):
            Knowledge.model_validate(wrong)


def test_documents_are_untrusted_and_internal_unless_said_otherwise() -> None:
    promise = Knowledge(path="knowledge", owner="lena")
    assert not promise.trusted
    assert (promise.access.data_class, promise.access.groups, promise.reads_as.clearance) == (1, None, 1)


def test_personal_documents_name_what_they_are_read_for() -> None:
    with pytest.raises(ValidationError, match="`purposes`"):
        DocumentAccess(data_class=2)
    assert DocumentAccess(data_class=2, purposes=["service"]).purposes == ["service"]
