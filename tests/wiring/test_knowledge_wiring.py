"""What a charter says of a knowledge source, and what stands behind it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from roadworthy.adapters.fts5 import Fts5Index
from roadworthy.charter import Knowledge, read
from roadworthy.errors import InputProblem, Unavailable
from roadworthy.knowledge import may_read
from roadworthy.ports.knowledge import Forgotten
from roadworthy.testing.conformance.documents import a_document, about
from roadworthy.wiring import documents_in, example_folder
from roadworthy.wiring.knowledge import access_of, forget_subject, reader_of, version_of
from roadworthy.wiring.knowledge_index import indexes, open_index
from roadworthy.wiring.place import Workspace

CHARTER = read((example_folder() / "charter.yaml").read_bytes(), file="charter.yaml")


def test_a_release_may_read_what_its_charter_says_documents_are() -> None:
    promise = CHARTER.knowledge["help-centre"]
    assert may_read(reader_of(CHARTER, promise), access_of(promise))


def test_documents_of_a_closed_group_are_closed_to_a_release_that_is_in_none() -> None:
    promise = Knowledge.model_validate({"path": "k", "owner": "lena", "access": {"groups": ["board"]}})
    assert not may_read(reader_of(CHARTER, promise), access_of(promise))
    member = Knowledge.model_validate(
        {"path": "k", "owner": "lena", "access": {"groups": ["board"]}, "reads_as": {"groups": ["board"]}}
    )
    assert may_read(reader_of(CHARTER, member), access_of(member))


def test_cutting_otherwise_or_lying_elsewhere_is_another_version_of_an_index(tmp_path: Path) -> None:
    promise = Knowledge(path="k", owner="lena")
    other = Knowledge(path="k", owner="lena", chunk_chars=600)
    assert version_of(promise, tmp_path) == version_of(promise, tmp_path)
    assert (
        len(
            {
                version_of(promise, tmp_path),
                version_of(other, tmp_path),
                version_of(promise, tmp_path / "copy"),
            }
        )
        == 3
    )


@pytest.mark.parametrize(
    "stated", [{"trusted": True}, {"access": {"data_class": 0}}, {"access": {"groups": ["hr"]}}]
)
def test_demanding_otherwise_is_another_version_of_an_index(tmp_path: Path, stated: dict[str, Any]) -> None:
    plain = {"path": "k", "owner": "lena"}
    promise, other = (Knowledge.model_validate(one) for one in (plain, {**plain, **stated}))
    assert access_of(promise) != access_of(other)
    assert version_of(promise, tmp_path) != version_of(other, tmp_path)


def test_an_index_in_use_does_not_keep_a_person_in_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"sqlite:///{tmp_path / 'knowledge.sqlite'}"
    for version in ("1", "2", "3"):
        open_index(address, use_case="support", source="help", version=version).put(
            [a_document(f"letter-{version}", "apples", access=about("ann"))]
        )
    erase = Fts5Index.erase

    def in_use(index: Fts5Index, subject: str) -> Forgotten:
        done = erase(index, subject)
        if not repr(index).endswith("/2')"):
            raise Unavailable("RW-KNOWLEDGE-033", repr(index)[-4:-2], retry_is_safe=True)
        return done

    monkeypatch.setattr(Fts5Index, "erase", in_use)
    place = cast(Workspace, SimpleNamespace(knowledge_url=address))
    done = forget_subject(place, "ann")
    assert (set(done.documents), done.chunks) == ({"letter-1", "letter-2", "letter-3"}, 1)
    assert isinstance(done.trouble, Unavailable)
    assert done.trouble.message == "/1"
    assert [index.state().documents for index in indexes(address)] == [0, 0, 0]


def test_an_address_that_is_none_is_told_with_what_to_write() -> None:
    with pytest.raises(InputProblem) as caught:
        open_index("mysql://host/db", use_case="support", source="help", version="1")
    assert caught.value.code == "RW-KNOWLEDGE-039"


def test_every_index_of_a_file_is_known_whatever_its_version(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'knowledge.sqlite'}"
    assert list(indexes(address)) == []
    for version in ("1", "2"):
        open_index(address, use_case="support", source="help", version=version).note([], listed=True)
    assert len(list(indexes(address))) == 2


def test_the_documents_of_a_folder_come_by_name() -> None:
    found = [one.name for one in documents_in(example_folder() / "knowledge")]
    assert found == sorted(found)
    assert len(found) == 70
