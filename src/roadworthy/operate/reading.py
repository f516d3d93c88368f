"""What a run reads, noted as it reads it: markings rise, trusted values are remembered with their source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from roadworthy.casework.case import CaseRecord
from roadworthy.casework.effect import EffectRecord
from roadworthy.casework.prediction import Prediction
from roadworthy.casework.vocabulary import Passage
from roadworthy.charter import Charter
from roadworthy.errors import RoadworthyError
from roadworthy.flow import (
    Judged,
    KnownValues,
    Readings,
    all_trusted,
    holds_link,
    judge,
    of_answer,
    of_input,
    of_knowledge,
)
from roadworthy.policy import Marking
from roadworthy.ports import ApprovedWriter, LoadedRelease


def begin_reading(release: LoadedRelease, case: CaseRecord, data: Mapping[str, object]) -> Readings:
    """What a run knows before its first step: its input and its key.

    The key names this very case, so it may stand in the calls of this case, whoever chose it.
    """
    charter, writer = release.charter, release.writer
    fields = {name: field for name, field in charter.input.items() if data.get(name) is not None}
    readings = Readings(
        subject=next(
            (data[name] for name, field in fields.items() if field.subject and field.trusted), None
        ),
        approved=lambda: writer.approved if isinstance(writer, ApprovedWriter) else (),
    )
    readings.rise(of_input(charter, fields.keys(), subject=case.subject))
    readings.trust("the key of the case", case.key)
    for name, field in fields.items():
        source = f"the input `{name}`"
        if field.trusted:
            readings.trust(source, data[name], instruction=field.type == "text")
        else:
            readings.hear(source, data[name])
    return readings


def input_marking(charter: Charter, case: CaseRecord) -> Marking:
    """The marking of a case's whole input: what an effect is weighed with that has none of its own."""
    whole = of_input(charter, charter.input.keys(), subject=case.subject)
    return Marking("untrusted", whole.data_class, whole.region, whole.purposes, whole.subjects)


def read_answer(
    readings: Readings, release: LoadedRelease, case: CaseRecord, tool: str,
    arguments: Mapping[str, object], answer: Mapping[str, object],
) -> None:  # fmt: skip
    """A read tool answered. Its trusted fields may steer other tools only if it was asked with trusted values:
    a look-up by what a stranger wrote finds what the stranger chose."""
    declared = release.charter.tools[tool]
    trusted = set(declared.trusted) if all_trusted(declared, arguments, readings) else set()
    whole = bool(answer) and answer.keys() <= trusted
    readings.rise(of_answer(release.charter, tool, subject=case.subject, trusted=whole))
    for name in sorted(trusted & answer.keys()):
        if answer[name] is not None:
            readings.trust(f"`{tool}`.{name}", answer[name])
    if rest := {name: value for name, value in answer.items() if name not in trusted}:
        readings.hear(f"`{tool}`", rest)


def read_passages(
    readings: Readings, charter: Charter, knowledge: str, passages: Sequence[Passage]
) -> None:
    """Passages were found. Links in trusted documents may be passed on; nothing in them steers a tool."""
    source = f"a passage of `{knowledge}`"
    for passage in passages:
        readings.rise(
            of_knowledge(
                charter,
                trusted=passage.trusted,
                data_class=passage.data_class,
                region=passage.region,
                purposes=passage.purposes,
                subjects=passage.subjects,
            )
        )
        if passage.trusted:
            readings.rely(source, passage.text)
        # `returns.md` reads like an address in Moldova; as the name of what was found it leads nowhere else.
        readings.rely(source, passage.document)
        readings.hear(source, passage.as_json())


def read_prediction(readings: Readings, task: str, prediction: Prediction) -> None:
    """A model said what a text is: made of what was read, so the marking stands as it is."""
    readings.hear(f"the prediction `{task}`", prediction.label)


def read_effect(
    readings: Readings, charter: Charter, case: CaseRecord, tool: str, response: object
) -> None:
    """A tool answered to what it was sent."""
    readings.rise(of_answer(charter, tool, subject=case.subject))
    readings.hear(f"the response of `{tool}`", response)


def read_person(readings: Readings, answer: str, *, choices: Sequence[str]) -> None:
    """A person answered. In their own words they name a value themselves; one of several choices that the
    workflow made is still the workflow's."""
    if choices:
        readings.hear("the choices of the workflow", answer)
    else:
        readings.trust("a person's answer", answer, instruction=True)


def judge_call(
    release: LoadedRelease, tool: str, arguments: Mapping[str, object], readings: Readings
) -> Judged:
    """Where every argument of a call came from. Registries are asked here: never in a transaction."""
    registries = release.registries.get(tool, {})
    return judge(
        release.charter.tools[tool],
        arguments,
        readings,
        registries={name: _Asked(registry) for name, registry in registries.items()},
    )


def written_by_person(effect: EffectRecord, edits: Mapping[str, object]) -> EffectRecord:
    """What is known of an effect's arguments once a person wrote some of them: those are as trusted as the person.

    A link that still stands in an edited text may be the one that was there: it stays untrusted until approved.
    """
    still = tuple(
        name
        for name in effect.untrusted
        if (base := name.partition(":")[0]) not in edits or (base != name and holds_link(edits[base]))
    )
    origins = dict(effect.origins) | {
        name: "a person's edit" for name in edits if name in dict(effect.origins)
    }
    return replace(effect, untrusted=still, origins=tuple(origins.items()))


class _Asked:
    """A registry whose failure is a no: what cannot be looked up is not trusted."""

    def __init__(self, registry: KnownValues) -> None:
        self._registry = registry

    @property
    def names(self) -> frozenset[str]:
        return self._registry.names

    def knows(self, values: Mapping[str, object]) -> bool:
        try:
            return self._registry.knows(values)
        except RoadworthyError:
            return False
