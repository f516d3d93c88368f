"""How long does one decision take, with the schema and thirteen policies, and with ten thousand tools?

Thirteen policies: the house's ten and three of a use case. The request is the one a payment makes: all fields of the
context and three typed arguments. Peers (--peers) decide the nearest thing that they can express, in environments of
their own: regopy six rules of Rego, casbin two rules with a matcher.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from peers import measured  # noqa: E402
from report import Bar, arguments, at_most, report, show  # noqa: E402

from roadworthy.adapters.cedar import CedarPolicies  # noqa: E402
from roadworthy.charter.tooling import Argument  # noqa: E402
from roadworthy.charter.tooling import Tool as Declared  # noqa: E402
from roadworthy.policy import Marking, Outcome, Request, Tool  # noqa: E402
from roadworthy.stage import Stage  # noqa: E402

BAR_US = 250.0
ROUND = 200
FLAT = 1.25
"""With ten thousand tools a decision may take this much of what it takes with one."""

OWN = """
@id("pay.may") @reason("payments are made from here") permit (principal, action, resource in Connector::"pay");
@id("pay.large") @obligation("approval") @role("risk_officer") @reason("a large payment is approved")
forbid (principal, action == Action::"pay.t0", resource) when { context.arguments.amount > 5000 }
unless { context.approvals.contains("pay.large") };
@id("pay.cap") @reason("the payments of one day have an end")
forbid (principal, action, resource in Connector::"pay")
when { context.spent_today_minor + context.amount_minor > 50000 };
"""


def tools(count: int) -> dict[str, Declared]:
    arguments = {
        "amount": Argument(type="integer", minimum=0, maximum=100_000),
        "account": Argument(max_length=40),
        "currency": Argument(one_of=["EUR", "USD"]),
    }
    return {
        f"pay.t{number}": Declared(
            use="x", sink="money", control=["account"], amount="amount", arguments=arguments
        )
        for number in range(count)
    }


def request(number: int = 0) -> Request:
    return Request(
        use_case="pay",
        stage=Stage.PRODUCTION,
        tool=Tool(f"pay.t{number}", "money", 2, "eu"),
        autonomy="automatic",
        purpose="customer-service",
        amount_minor=1200,
        spent_today_minor=300,
        confidence_bp=9500,
        marking=Marking("trusted", 2, "eu", frozenset({"customer-service"}), frozenset({"s1"})),
        untrusted_control=frozenset(),
        approvals=frozenset(),
        stopped=False,
        arguments={"amount": 1200, "account": "A-1", "currency": "EUR"},
    )


def microseconds(decide: Callable[[int], object], rounds: int) -> tuple[float, float, float]:
    """(p50 of the quietest round, p50 of all, p99 of all) in CPU time of each call.

    Other programs on the same cores take the caches, not the clock; a round in which they paused is the nearest to a
    machine of its own.
    """
    for number in range(50):
        decide(number)
    gc.disable()
    found: list[list[float]] = []
    for _ in range(rounds):
        found.append([])
        for number in range(ROUND):
            begun = time.process_time_ns()
            decide(number)
            found[-1].append((time.process_time_ns() - begun) / 1000)
    gc.enable()
    everything = sorted(value for each in found for value in each)
    p99 = everything[int(len(everything) * 0.99)]
    return min(statistics.median(each) for each in found), statistics.median(everything), p99


def measured_with(count: int, rounds: int, asked: int) -> tuple[float, float, float]:
    """Decisions with so many tools, about ``asked`` of them in turn."""
    own = CedarPolicies({"own.cedar": OWN}, tools(count), region="eu")
    requests = [request(number * (count // asked)) for number in range(asked)]
    for one in requests:
        if own.decide(one).outcome is not Outcome.ALLOW:
            raise SystemExit("the measured request is not allowed: nothing worth measuring")
    return microseconds(lambda number: own.decide(requests[number % asked]), rounds)


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--peers", action="store_true", help="measure the peers beside ours")
    options = parser.parse_args()
    rounds = 10 if options.quick else 60
    many = 1_000 if options.quick else 10_000
    # In turn, so that a busy moment of the machine meets both.
    turns = [(measured_with(1, rounds // 2, 1), measured_with(many, rounds // 2, 100)) for _ in range(2)]
    figures: dict[str, object] = {"policies": 13}
    best = {}
    for place, name in enumerate(("1 tool", f"{many} tools")):
        quiet, p50, p99 = (min(turn[place][index] for turn in turns) for index in range(3))
        best[place] = quiet
        figures[f"decision, {name}: p50 us, quietest round"] = round(quiet, 1)
        figures[f"decision, {name}: p50 us"] = round(p50, 1)
        figures[f"decision, {name}: p99 us"] = round(p99, 1)
    bars: list[Bar] = [
        at_most("a decision with schema and 13 policies, p50 in us", round(best[0], 1), BAR_US),
        at_most(f"a decision with {many} tools, of one with one tool", round(best[1] / best[0], 3), FLAT),
    ]
    if options.peers:
        for peer in ("regopy", "casbin"):
            figures.update(
                {
                    f"{peer}: {name}": value
                    for name, value in measured(HERE / "peers" / f"{peer}.py").items()
                }
            )
    if not options.json:
        show(figures, width=40)
    return report("governance-decision", figures, bars, packages=("cedarpy",))


if __name__ == "__main__":
    sys.exit(main())
