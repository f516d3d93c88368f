"""What every connector of a tool keeps to, whatever technology is behind it."""

from __future__ import annotations

import json

import pytest

from roadworthy.casework.effect import Idempotency
from roadworthy.errors import InputProblem, RoadworthyError
from roadworthy.ports import Connector

KEY = "desk:case 7:refund"


class ReadsConformance:
    """What a ``Connector`` that reads promises. The fixture ``reads`` answers ``{"id": …}`` for the argument ``id``."""

    def test_a_read_answers_plain_values(self, reads: Connector) -> None:
        answer = reads.call({"id": "a1"})
        assert answer["id"] == "a1"
        assert json.loads(json.dumps(dict(answer))) == dict(answer)

    def test_a_read_asked_again_answers_the_same(self, reads: Connector) -> None:
        assert reads.call({"id": "a1"}) == reads.call({"id": "a1"})

    def test_what_was_given_stays_as_it_was(self, reads: Connector) -> None:
        given = {"id": "a1"}
        reads.call(given)
        assert given == {"id": "a1"}


class WritesConformance:
    """What a ``Connector`` that writes promises. Fixtures of the same names give what is tested:

    ``writes``: takes ``good`` (arguments, the argument ``id`` unless said otherwise), counts what it felt in ``felt``
    (a callable), and refuses an argument that it does not know. ``refuses``: refuses to be read from, for good.
    """

    @pytest.fixture
    def good(self) -> dict[str, object]:
        """Arguments that it takes."""
        return {"id": "a1"}

    def test_a_repeated_key_is_felt_as_often_as_promised(
        self, writes: Connector, felt: object, good: dict[str, object]
    ) -> None:
        assert callable(felt)
        first = writes.send(KEY, good)
        assert felt() == 1
        if writes.idempotency is Idempotency.NATIVE:
            assert writes.send(KEY, good) == first
            assert felt() == 1
            writes.send(f"{KEY} 2", good)
            assert felt() == 2

    def test_a_key_of_any_letters_can_be_sent(
        self, writes: Connector, felt: object, good: dict[str, object]
    ) -> None:
        assert callable(felt)
        writes.send("desk:Müller\n%3A ☃:" + "x" * 500, good)
        assert felt() == 1

    @pytest.mark.parametrize(
        "arguments",
        [{"id": object()}, {"id": float("nan")}, {"unknown": 1, "id": "a1"}, {}, {"id": 10**300}],
    )
    def test_unfit_arguments_are_told_and_nothing_is_felt(
        self, writes: Connector, felt: object, arguments: dict[str, object]
    ) -> None:
        assert callable(felt)
        with pytest.raises(InputProblem):
            writes.send(KEY, arguments)
        assert felt() == 0

    def test_a_refusal_is_one_of_ours(self, refuses: Connector) -> None:
        with pytest.raises(RoadworthyError) as refused:
            refuses.call({"id": "a1"})
        assert refused.value.code
        assert "a1" not in refused.value.message


class ConnectorConformance(ReadsConformance, WritesConformance):
    """What a ``Connector`` that does both promises."""
