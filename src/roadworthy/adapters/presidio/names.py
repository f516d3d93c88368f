"""Finds names and places with an installed spaCy model, alone or behind Presidio's analyzer; it downloads nothing."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from roadworthy.data.personal import PersonalClass
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports.tables import Names

_CLASSES = {
    **dict.fromkeys(("PERSON", "PER", "PRS"), PersonalClass.PERSON_NAME),
    **dict.fromkeys(("GPE", "LOC", "LOCATION", "FAC"), PersonalClass.LOCATION),
}
# spaCy's entity recogniser states no probability; this is its precision on names in mixed text, roughly.
_CONFIDENCE = 0.75
_BATCH = 64
# What a name needs: the tokens' vectors and the entities. Tags and the parse take half of the time.
_NOT_NEEDED = ("tagger", "parser", "attribute_ruler", "lemmatizer", "morphologizer", "senter")


class SpacyNames(Names):
    """Names and places by a spaCy model, with only the parts of it that they need."""

    def __init__(self, model: str) -> None:
        spacy = _module("spacy", "spacy")
        _require(spacy, model)
        self._pipeline: Any = spacy.load(model, exclude=_present(spacy, model))

    def find(self, texts: Sequence[str]) -> Iterator[Sequence[tuple[int, int, str, float]]]:
        for document in self._pipeline.pipe(texts, batch_size=_BATCH):
            yield [
                (entity.start_char, entity.end_char, str(_CLASSES[entity.label_]), _CONFIDENCE)
                for entity in document.ents
                if entity.label_ in _CLASSES
            ]


class PresidioNames(Names):
    """Names and places by Presidio's analyzer over a spaCy model, with the confidence that Presidio gives."""

    def __init__(self, model: str, *, language: str = "en") -> None:
        spacy = _module("spacy", "spacy")
        analyzer = _module("presidio_analyzer", "presidio-analyzer")
        engines = _module("presidio_analyzer.nlp_engine", "presidio-analyzer")
        # Presidio downloads a model that it does not find; this one is here.
        _require(spacy, model)
        engine = engines.NlpEngineProvider(
            nlp_configuration={
                "nlp_engine_name": "spacy",
                "models": [{"lang_code": language, "model_name": model}],
            }
        ).create_engine()
        registry = analyzer.RecognizerRegistry(supported_languages=[language])
        registry.add_nlp_recognizer(engine)
        self._language = language
        self._engine: Any = analyzer.AnalyzerEngine(
            nlp_engine=engine, registry=registry, supported_languages=[language]
        )

    def find(self, texts: Sequence[str]) -> Iterator[Sequence[tuple[int, int, str, float]]]:
        for text in texts:
            found = self._engine.analyze(
                text=text, language=self._language, entities=["PERSON", "LOCATION"]
            )
            yield sorted(
                (one.start, one.end, str(_CLASSES[one.entity_type]), float(one.score)) for one in found
            )


def find_names(model: str, *, engine: str = "spacy", language: str = "en") -> Names:
    """An engine for names by its word: ``spacy`` or ``presidio``.

    Errors:  ``InputProblem`` RW-DATA-511 for another word, RW-DATA-512 where the engine is not installed,
             RW-DATA-513 where the model is not.
    """
    if engine == "spacy":
        return SpacyNames(model)
    if engine == "presidio":
        return PresidioNames(model, language=language)
    raise InputProblem(
        "RW-DATA-511",
        f"names are found with `spacy` or `presidio`, found `{engine}`",
        hint="choose one of them",
    )


def _module(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputProblem(
            "RW-DATA-512",
            Problem(
                f"finding names in running text needs `{package}`, which is not installed",
                hint=f"pip install {package}, or go without: names that a label or a title announces are "
                "found without a model",
            ),
        ) from None


def _require(spacy: Any, model: str) -> None:
    if not spacy.util.is_package(model):
        raise InputProblem(
            "RW-DATA-513",
            Problem(
                f"the model `{model}` is not installed",
                hint="install the model's package and name it; nothing is downloaded from here",
            ),
        )


def _present(spacy: Any, model: str) -> list[str]:
    """Parts of the model that names do not need."""
    meta = spacy.util.get_package_path(model) / "meta.json"
    known = spacy.util.load_meta(meta)["pipeline"] if meta.exists() else list(_NOT_NEEDED)
    return [part for part in _NOT_NEEDED if part in known]
