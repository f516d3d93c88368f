"""Our gateway made ready to be measured: a home, a use case with one model, its release in production, a key.

Everything is on that a production use case has: the key is looked up, the case is required, five levels of budget
are asked, the price is charged, usage goes to the books and to the ledger.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import report  # noqa: F401  # finds the environment that has Roadworthy, before it is imported

from roadworthy.cli.session import signed_in
from roadworthy.operate.building import build_from_folder
from roadworthy.operate.modelcalls.callers import issue_key
from roadworthy.stage import Stage
from roadworthy.wiring import open_deployment, workspace

USE_CASE = "desk"
CHARTER = """
use_case: {use_case}
title: Answers for the desk
objective: Programs of the desk ask a model.
purpose: customer-service
owners: {{business: mara, technical: jonas, risk: ines, support: jonas}}
kpi:
  name: answered
  unit: share
  direction: up
  target: 0.9
  baseline: {{source: crm, sql: select 1}}
value: {{cases_per_month: 1000, minutes_per_case: 5, cost_per_hour: 40.00 EUR, cost_of_error: 10.00 EUR}}
risk: {{tier: minimal, worst_case: an answer comes late}}
budget: {{per_case: 1000000.00 EUR, per_month: 1000000.00 EUR}}
input:
  text: {{type: text}}
data:
  crm: {{url: "sqlite:///{{data}}/crm.sqlite", owner: mara, steward: lena}}
review: {{hours_per_week: 10, minutes_per_review: 2}}
models:
  small:
    url: {url}
    model: small
    read_price: {read_price}
    written_price: {written_price}
    able: [chat, tools, json_schema, streaming]
    timeout: 60s
gateway:
  personal: {personal}
  per_key: {per_key}
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """How the gateway is started, and the key that its callers show."""

    command: list[str]
    key: str
    environment: dict[str, str]


def prepared(
    home: Path,
    upstream: str,
    *,
    port: int,
    personal: str = "pass",
    read_price: str = "0.15 EUR",
    written_price: str = "0.60 EUR",
    per_key: str = "1000000 EUR",
) -> Ready:
    """A new home. What it costs to build the release is not measured."""
    home.mkdir(parents=True)
    place = workspace(home)
    charter = CHARTER.format(
        use_case=USE_CASE,
        url=upstream,
        personal=personal,
        read_price=read_price,
        written_price=written_price,
        per_key=per_key,
    )
    deployment = open_deployment(place)
    try:
        who = signed_in(deployment, place)
        built = build_from_folder(deployment, who, {"charter.yaml": charter.encode()})
        with deployment.store.write() as tx:
            deployment.store.releases.save(tx, replace(built, stage=Stage.PRODUCTION))
        key = issue_key(deployment, who, USE_CASE, release=built.digest, stage=Stage.PRODUCTION)
    finally:
        deployment.store.close()
    command = [
        str(Path(sys.executable).with_name("roadworthy")),
        "gateway",
        "--port",
        str(port),
        "--home",
        str(home),
    ]
    return Ready(command, key, dict(os.environ))
