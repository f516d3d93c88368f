"""``/metrics`` of the gateway: the same figures, for the same keys as the server's, on the gateway's own port."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.deploy.monitoring import ALERTMANAGER, MISSING, PROMETHEUS, get, prometheus, until
from tests.gateway.clients import served
from tests.gateway.desk import Desk, Sent, charter
from tests.gateway.upstream import Upstream

from roadworthy.cli.session import signed_in
from roadworthy.operate import access
from roadworthy.operate.watching.counting import count_round
from roadworthy.principal import Kind, Principal, Role
from roadworthy.wiring import open_deployment, workspace

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "roadworthy.rules.yaml"


def asked(desk: Desk, key: str) -> Sent:
    async def within() -> Any:
        with desk.open():
            try:
                return await desk.get(key, "/metrics")
            finally:
                await desk.close()

    return asyncio.run(within())


def test_only_a_key_that_may_read_the_gate_gets_the_page(tmp_path: Path, upstream: Upstream) -> None:
    desk = Desk(tmp_path, charter(upstream.url))
    try:
        client = Principal("shop", "Shop", Kind.SERVICE, frozenset({Role.CLIENT}))
        access.add_account(desk.deployment, desk.person, client)
        may = access.issue(desk.deployment, desk.person, desk.person.id, access.KEY)
        may_not = access.issue(desk.deployment, desk.person, "shop", access.KEY)
        of_one = access.issue(desk.deployment, desk.person, desk.person.id, access.KEY, use_case="desk")
        count_round(desk.deployment)
        found = asked(desk, may)
        assert (found.status, found.headers["content-type"]) == (
            200,
            "text/plain; version=0.0.4; charset=utf-8",
        )
        families = {family.name: family for family in text_string_to_metric_families(found.body.decode())}
        assert "roadworthy_model_calls" in families
        assert families["process_cpu_seconds"].samples[0].value > 0
        assert [asked(desk, key).status for key in ("", "rw_key_x", desk.key(), may_not, of_one)] == [
            401, 401, 401, 403, 403,
        ]  # fmt: skip
    finally:
        desk.deployment.store.close()


@pytest.mark.skipif(not (PROMETHEUS and ALERTMANAGER), reason=MISSING)
def test_a_real_prometheus_scrapes_a_gateway_process(tmp_path: Path, upstream: Upstream) -> None:
    (tmp_path / "prometheus").mkdir()
    with served(tmp_path / "gateway", upstream) as gateway:
        place = workspace(tmp_path / "gateway")
        deployment = open_deployment(place)
        who = signed_in(deployment, place)
        key = access.issue(deployment, who, who.id, access.KEY)
        deployment.store.close()
        port = urlsplit(gateway.door.url).port or 0
        with prometheus(
            tmp_path / "prometheus", target=port, key=key, rules=RULES, alerts_to="http://127.0.0.1:9"
        ) as url:
            (target,) = until(
                lambda: [
                    one
                    for one in get(f"{url}/api/v1/targets")["data"]["activeTargets"]
                    if one["health"] == "up"
                ]
            )
            assert target["lastError"] == ""
            found = until(lambda: get(f"{url}/api/v1/query?query=roadworthy_workers")["data"]["result"])
            assert float(found[0]["value"][1]) == 1, "the gateway itself says that it lives"
