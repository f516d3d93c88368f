"""A plain request that the example's policies allow, and the policies themselves."""

from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from roadworthy.adapters.cedar import CedarPolicies
from roadworthy.policy import Marking, Request, Tool
from roadworthy.stage import Stage

Ask = Callable[..., Request]

_PLAIN = Request(
    use_case="support",
    stage=Stage.CANARY,
    tool=Tool("helpdesk.reply", "message", 2, "eu"),
    autonomy="automatic",
    purpose="customer-service",
    amount_minor=0,
    spent_today_minor=0,
    confidence_bp=9000,
    marking=Marking("untrusted", 2, "eu", frozenset({"customer-service"}), frozenset({"s1"})),
    untrusted_control=frozenset(),
    approvals=frozenset(),
    stopped=False,
)


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Builds a request: the plain one with changes. ``tool`` may be ``"name sink"``, ``data_class`` a number."""

    def build(**changes: Any) -> Request:
        if isinstance(tool := changes.get("tool"), str):
            name, sink = tool.split()
            changes["tool"] = Tool(name, sink, 2, "eu")  # type: ignore[arg-type]
        marking = {
            name: changes.pop(name) for name in ("data_class", "region", "purposes") if name in changes
        }
        return replace(_PLAIN, **{"marking": replace(_PLAIN.marking, **marking), **changes})

    return build


@pytest.fixture(scope="session")
def support() -> CedarPolicies:
    folder = resources.files("roadworthy") / "example"
    files = {"support.cedar": folder / "support" / "policies" / "support.cedar"}
    files["refunds.cedar"] = folder / "repair" / "refunds.cedar"
    return CedarPolicies({name: path.read_text(encoding="utf-8") for name, path in files.items()})


@pytest.fixture(scope="session")
def everything() -> CedarPolicies:
    """A careless use case that permits all: what is still refused, the house refuses."""
    return CedarPolicies(
        {"all.cedar": '@id("all") @reason("all is permitted") permit (principal, action, resource);'}
    )
