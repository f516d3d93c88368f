"""The instant model: from the installed files alone."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest

from roadworthy.adapters.wordllama import WordLlama, embedding
from roadworthy.errors import Corrupt, InputProblem

pytest.importorskip("wordllama")


def test_rows_are_those_of_the_package_itself(tmp_path: Path) -> None:
    import wordllama

    home = Path(wordllama.__file__).parent
    for folder in ("weights", "tokenizers"):
        shutil.copytree(home / folder, tmp_path / folder)
    theirs = wordllama.WordLlama.load(cache_dir=tmp_path, disable_download=True)
    texts = ["How do I get a refund?", "Überweisung ins Ausland", "x", "a longer text " * 40]
    expected = theirs.embed(texts, norm=True)
    assert np.allclose(WordLlama().embed(texts), expected, atol=1e-5)


def test_texts_that_mean_alike_lie_closer(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    model = WordLlama()
    rows = model.embed(
        ["give my money back", "I want a refund", "the weather in spring", "", " ", "\ud800 half"]
    )
    assert rows.shape == (6, model.dimensions)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
    assert not rows[3].any()
    assert not rows[4].any()
    assert np.allclose(np.linalg.norm(rows[[0, 1, 2, 5]], axis=1), 1)


def test_an_enormous_text_costs_no_more_than_a_long_one() -> None:
    model = WordLlama()
    start = "word " * 1_600
    assert (model.embed([start + "other " * 1_000_000]) == model.embed([start])).all()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_WEIGHTS", (embedding._WEIGHTS[0], "0" * 64))
    with pytest.raises(Corrupt) as caught:
        WordLlama()
    assert caught.value.code == "RW-KNOWLEDGE-036"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(InputProblem, match="safetensors") as caught:
        WordLlama()
    assert caught.value.code == "RW-KNOWLEDGE-035"
