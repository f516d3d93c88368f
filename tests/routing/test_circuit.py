"""A model that keeps failing is left alone, and tried by one request at a time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from roadworthy.routing import Circuit


def failing(times: int, *, at: float = 0.0, circuit: Circuit | None = None) -> Circuit:
    circuit = circuit or Circuit()
    for _ in range(times):
        circuit = circuit.failed(at)
    return circuit


def test_it_opens_after_five_failures_in_a_row() -> None:
    assert failing(4).why_not(0.0) == ""
    assert failing(5).why_not(0.0) == "failed 5 times in a row, rests for 5 s more"
    assert failing(4).succeeded() == Circuit()


def test_then_one_request_at_a_time_may_try() -> None:
    open_ = failing(5)
    assert open_.why_not(4.9) != ""
    assert open_.why_not(5.0) == ""
    trying = open_.taken(5.0)
    assert trying.why_not(5.1) == "one request is on its way to see whether it is back"
    assert trying.succeeded() == Circuit()
    again = trying.failed(6.0)
    assert again.why_not(15.9) != ""
    assert again.why_not(16.0) == ""


def test_a_trial_whose_end_nobody_tells_does_not_block_for_ever() -> None:
    trying = failing(5).taken(5.0)
    assert trying.why_not(124.9) != ""
    assert trying.why_not(125.0) == ""


def test_requests_that_were_on_their_way_do_not_prolong_the_rest() -> None:
    many = failing(100, at=1.0)
    assert many.why_not(6.0) == ""


def test_what_a_server_asks_for_is_waited_for_even_if_an_older_request_succeeds() -> None:
    asked = Circuit().failed(0.0, asked_s=30.0)
    assert asked.why_not(29.0) == "its server asks to wait for 1 s more"
    assert asked.succeeded().why_not(29.0) != ""
    after = asked.succeeded()
    assert after.why_not(30.0) == ""
    assert after.taken(30.0).why_not(30.0) == "", "it is closed: any number may go"


def test_nobody_is_kept_away_for_longer_than_an_hour_by_a_server() -> None:
    for asked in (1e12, float("inf")):
        assert Circuit().failed(0.0, asked_s=asked).why_not(3_600.0) == ""
    assert Circuit().failed(0.0, asked_s=float("nan")).why_not(0.0) == ""
    assert Circuit().failed(0.0, asked_s=-5.0).why_not(0.0) == ""


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200))
def test_rests_grow_to_five_minutes_and_no_longer(times: int) -> None:
    circuit, now = failing(5), 0.0
    for _ in range(times):
        now += 300.0
        assert circuit.why_not(now) == ""
        circuit = circuit.taken(now).failed(now)
    assert circuit.why_not(now + 300.0) == ""


class Requests(RuleBasedStateMachine):
    """Any order of requests, answers, failures and lost requests."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit()
        self.now = 0.0
        self.under_way: list[tuple[float, bool]] = []
        self.asked_until = 0.0

    @rule(seconds=st.floats(0, 400))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def somebody_asks(self) -> None:
        if not self.circuit.why_not(self.now):
            assert self.now >= self.asked_until
            trial = self.circuit.is_open
            if trial:
                live = [
                    at for at, tried in self.under_way if tried and self.now - at < self.circuit.trial_s
                ]
                assert not live, "a second trial beside the first"
            self.circuit = self.circuit.taken(self.now)
            self.under_way.append((self.now, trial))

    @rule(asked_s=st.sampled_from([0.0, 0.0, 3.0, 40.0]), which=st.integers(0, 5))
    def one_fails(self, asked_s: float, which: int) -> None:
        if self.under_way:
            self.under_way.pop(which % len(self.under_way))
            self.circuit = self.circuit.failed(self.now, asked_s=asked_s)
            # Whoever answers it ends every trial that began before.
            self.under_way = [(at, False) for at, _ in self.under_way]
            self.asked_until = max(self.asked_until, self.now + asked_s if asked_s else 0.0)

    @rule(which=st.integers(0, 5))
    def one_answers(self, which: int) -> None:
        if self.under_way:
            self.under_way.pop(which % len(self.under_way))
            self.circuit = self.circuit.succeeded()
            self.under_way = [(at, False) for at, _ in self.under_way]
            assert not self.circuit.is_open

    @rule(which=st.integers(0, 5))
    def one_is_lost(self, which: int) -> None:
        if self.under_way:
            at, trial = self.under_way.pop(which % len(self.under_way))
            if trial:
                self.under_way.insert(0, (at, trial))

    @invariant()
    def it_lets_somebody_through_in_the_end(self) -> None:
        later = self.now + max(self.circuit.longest_s, self.circuit.trial_s, self.circuit.most_asked_s) + 1
        assert self.circuit.why_not(later) == ""

    @invariant()
    def below_the_limit_it_is_closed(self) -> None:
        if self.circuit.failures == 0:
            assert not self.circuit.is_open


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(
    moments=st.lists(st.tuples(st.floats(0, 400), st.floats(0, 200), st.booleans()), max_size=12),
    now=st.floats(0, 2_000),
)
def test_time_is_left_exactly_as_long_as_there_is_a_reason(
    moments: list[tuple[float, float, bool]], now: float
) -> None:
    circuit = Circuit()
    for at, asked_s, takes in sorted(moments):
        circuit = circuit.taken(at) if takes else circuit.failed(at, asked_s=asked_s)
    assert bool(circuit.why_not(now)) is (circuit.left_s(now) > 0)
