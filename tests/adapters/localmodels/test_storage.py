import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.localmodels import TaskModel, storage
from roadworthy.adapters.localmodels.storage import pack, unpack
from roadworthy.errors import Corrupt

pytest.importorskip("sklearn", reason="the extra `local` is not installed")

TINY = TaskModel.train(
    "side", ["go left", "go right"], ["left", "right"], seed=1, features="tfidf"
).to_bytes()


def test_packing_what_was_unpacked_gives_the_same_bytes(model: TaskModel) -> None:
    blob = model.to_bytes()
    assert pack(unpack(blob)) == blob


def test_numpy_reads_the_arrays_without_pickle(both: TaskModel) -> None:
    with np.load(io.BytesIO(both.to_bytes()), allow_pickle=False) as arrays:
        assert arrays["example_embeddings"].shape == (48, 384)
        assert arrays["embedding_weights"].shape == (384, 4)
        assert arrays["term_weights"].shape[0] == arrays["idf"].shape[0] > 0


def test_entries_carry_no_time_and_no_system() -> None:
    with zipfile.ZipFile(io.BytesIO(TINY)) as archive:
        assert {(entry.date_time, entry.create_system) for entry in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 3)
        }


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(TINY) - 1), flip=st.integers(1, 255))
def test_any_altered_byte_is_found(place: int, flip: int) -> None:
    altered = bytearray(TINY)
    altered[place] ^= flip
    with pytest.raises(Corrupt, match=r"task model") as caught:
        unpack(bytes(altered))
    assert caught.value.code in {"RW-MODEL-005", "RW-MODEL-006", "RW-MODEL-007"}
    assert caught.value.hint


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, len(TINY) - 1), more=st.binary(max_size=20))
def test_a_blob_cut_off_is_found(length: int, more: bytes) -> None:
    with pytest.raises(Corrupt):
        unpack(TINY[:length] + more)


@settings(max_examples=60, deadline=None)
@given(foreign=st.binary(max_size=300))
def test_foreign_bytes_are_no_task_model(foreign: bytes) -> None:
    with pytest.raises(Corrupt, match="this is no task model, or it is damaged"):
        unpack(foreign)


def test_bytes_before_or_after_a_model_are_found() -> None:
    for blob in (TINY + b"more", b"before" + TINY):
        with pytest.raises(Corrupt):
            unpack(blob)


def _rewritten(change: Callable[[dict[str, bytes]], None], compression: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(io.BytesIO(TINY)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _with_header(**changes: Any) -> bytes:
    def change(files: dict[str, bytes]) -> None:
        files["header.json"] = json.dumps(json.loads(files["header.json"]) | changes).encode()

    return _rewritten(change)


def _broken(blob: bytes) -> tuple[str, str]:
    with pytest.raises(Corrupt) as caught:
        unpack(blob)
    return caught.value.code, "; ".join(caught.value.broken)


def test_a_newer_format_says_which_one_is_read() -> None:
    with pytest.raises(Corrupt, match="in format 2, this version reads format 1") as caught:
        unpack(_with_header(format=2))
    assert caught.value.code == "RW-MODEL-006"


def test_a_compressed_archive_is_refused_before_it_is_unpacked() -> None:
    assert _broken(_rewritten(lambda _: None, zipfile.ZIP_DEFLATED)) == (
        "RW-MODEL-005",
        "the archive is compressed",
    )


def test_an_archive_with_other_files_is_no_task_model() -> None:
    code, broken = _broken(_rewritten(lambda files: files.update({"extra.npy": b""})))
    assert (code, broken) == ("RW-MODEL-005", "the archive does not hold the files of a task model")


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({"task": 7}, "`task` in the header is of the wrong kind"),
        ({"seed": True}, "`seed` in the header is of the wrong kind"),
        ({"labels": "left"}, "`labels` in the header is no list of texts"),
        ({"examples": [1, 2]}, "`examples` in the header is no list of texts"),
        ({"surplus": 1}, "the header does not have the fields of a task model"),
        ({"sizes": {"labels": 2}}, "`sizes` in the header does not have its fields"),
        (
            {
                "sizes": dict.fromkeys(
                    ["labels", "terms", "examples", "dimensions", "starts", "postings"], -1
                )
            },
            "`sizes` in the header are no counts",
        ),
    ],
)
def test_a_header_of_the_wrong_shape_is_named(changes: dict[str, Any], broken: str) -> None:
    assert _broken(_with_header(**changes)) == ("RW-MODEL-005", broken)


@pytest.mark.parametrize("header", [b"[]", b"no json", b"\xff", b"[" * 200_000])
def test_a_header_that_is_no_object_is_damage(header: bytes) -> None:
    code, broken = _broken(_rewritten(lambda files: files.update({"header.json": header})))
    assert code == "RW-MODEL-005"
    assert broken.startswith("the header is no ")


def test_an_array_of_another_shape_than_stated_is_named() -> None:
    code, broken = _broken(_rewritten(lambda files: files.update({"bias.npy": files["idf.npy"]})))
    assert (code, broken) == ("RW-MODEL-007", "`bias` does not have the shape that the header states")


@pytest.mark.parametrize(
    ("part", "place", "value", "broken"),
    [
        ("bias", 0, np.nan, "`bias` holds values that are no numbers"),
        ("term_weights", 0, np.inf, "`term_weights` holds values that are no numbers"),
        ("example_labels", 0, 2, "an example has a label that does not exist"),
        ("posting_examples", 0, 2, "a term points to an example that does not exist"),
        ("posting_examples", 0, -1, "a term points to an example that does not exist"),
        ("posting_starts", 1, 10_000, "the postings of the terms overlap"),
        ("posting_starts", 0, 1, "the postings of the terms overlap"),
    ],
)
def test_parts_that_contradict_each_other_are_named(
    part: str, place: int, value: float, broken: str
) -> None:
    parts = unpack(TINY)
    array = getattr(parts, part).copy()
    array.flat[place] = value
    assert _broken(pack(replace(parts, **{part: array}))) == ("RW-MODEL-007", broken)


def test_one_label_is_not_enough() -> None:
    parts = unpack(TINY)
    one = replace(
        parts,
        labels=("left",),
        bias=parts.bias[:1],
        term_weights=parts.term_weights[:, :1],
        embedding_weights=parts.embedding_weights[:, :1],
        example_labels=parts.example_labels * 0,
    )
    assert _broken(pack(one)) == ("RW-MODEL-007", "2 to 1000 labels and at least one example are needed")


def test_a_model_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BLOB_LIMIT", 1_000)
    assert _broken(TINY)[0] == "RW-MODEL-007"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"features": "bert"}, "features `bert`"),
        ({"embedding": "sha256:0123456789abcdef"}, "embedding model `sha256:01"),
    ],
)
def test_a_model_for_another_version_says_so(changes: dict[str, str], what: str) -> None:
    with pytest.raises(Corrupt, match=what) as caught:
        TaskModel.from_bytes(pack(replace(unpack(TINY), **changes)))  # type: ignore[arg-type]
    assert caught.value.code == "RW-MODEL-009"
