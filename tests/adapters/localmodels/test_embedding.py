from pathlib import Path

import numpy as np
import pytest

from roadworthy.adapters.localmodels import MiniLM, embedding, extra, shared_minilm
from roadworthy.errors import Corrupt, InputProblem

pytest.importorskip("onnxruntime", reason="the extra `local` is not installed")


def test_texts_that_mean_alike_lie_close_together() -> None:
    money, refund, weather = shared_minilm().embed(
        ["I want my money back", "Please refund what I paid", "It will rain tomorrow"]
    )
    assert money @ refund > 0.5
    assert money @ weather < 0.2


def test_every_row_has_384_numbers_and_length_one() -> None:
    rows = shared_minilm().embed(["one", "two words", "and three more words"])
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_give_no_rows() -> None:
    assert shared_minilm().embed([]).shape == (0, 384)


def test_a_blank_text_gives_a_row_of_zeros_among_others() -> None:
    rows = shared_minilm().embed(["", "a text", " \n"])
    assert not rows[[0, 2]].any()
    assert np.linalg.norm(rows[1]) == pytest.approx(1, abs=1e-5)


def test_the_same_texts_give_the_same_numbers_with_any_number_of_threads() -> None:
    texts = [f"message number {number} " * (1 + number % 7) for number in range(70)]
    first = shared_minilm().embed(texts)
    assert (shared_minilm().embed(texts) == first).all()
    assert MiniLM(threads=2).embed(texts) == pytest.approx(first, abs=1e-6)


def test_the_company_of_other_texts_changes_nothing_but_rounding() -> None:
    texts = ["short", "a somewhat longer text about a parcel", "refund " * 120, "Wo bleibt mein Paket?"]
    alone = np.vstack([shared_minilm().embed([text]) for text in texts])
    assert shared_minilm().embed(texts) == pytest.approx(alone, abs=1e-6)


def test_only_the_beginning_of_a_long_text_counts() -> None:
    beginning = "parcel " * (embedding.TOKEN_LIMIT - 2)
    rows = shared_minilm().embed([beginning, beginning + "refund " * 5_000])
    assert rows[0] == pytest.approx(rows[1], abs=1e-6)


def test_long_texts_share_a_batch_only_while_it_stays_small() -> None:
    assert embedding._batch_size([10] * 32) == 32
    assert embedding._batch_size([256] * 32) == 2
    assert embedding._batch_size([10, 256, 5_000]) == 2
    assert embedding._batch_size([5_000]) == 1


def test_the_process_has_one_shared_embedder() -> None:
    assert shared_minilm() is shared_minilm()


def test_weights_that_are_not_the_known_ones_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    altered = tmp_path / "tokenizer.json"
    altered.write_text("{}")
    monkeypatch.setattr(extra, "packaged_file", lambda *_: altered)
    with pytest.raises(Corrupt, match=r"`tokenizer.json` of the embedding model is not the one") as caught:
        MiniLM()
    assert caught.value.code == "RW-MODEL-008"


@pytest.mark.parametrize(
    ("distribution", "path"), [("no-such-distribution", "a.txt"), ("roadworthy", "no/such/file")]
)
def test_a_missing_file_of_a_package_is_named(distribution: str, path: str) -> None:
    with pytest.raises(InputProblem, match=f"`{distribution}") as caught:
        extra.packaged_file(distribution, path)
    assert caught.value.code == "RW-MODEL-003"
