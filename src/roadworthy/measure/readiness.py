"""The readiness of a use case: its declared sources beside the gate's requirements about data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from roadworthy.charter import Source
from roadworthy.data.readiness import Age, Document, Duplicates, Gap
from roadworthy.data.readiness.schema import Requirement
from roadworthy.evidence import Evidence
from roadworthy.measure.sources import opened_table, tables_of
from roadworthy.measure.tables.checking import check_contract
from roadworthy.measure.tables.readiness import Asked, Looked, look_at, report
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.verdicts import verdict
from roadworthy.ports import Instruments, LoadedRelease, Progress
from roadworthy.principal import Principal, require
from roadworthy.release import Release
from roadworthy.stage import Stage

_GAPS = {
    Gap.CONTRACT: "data.contract",
    Gap.UNDECLARED: "data.contract",
    Gap.PERSONAL: "data.personal",
    Gap.DUPLICATES: "data.duplicates",
    Gap.AGE: "data.fresh",
}


def readiness(
    deployment: Deployment,
    principal: Principal,
    release: Release,
    *,
    title: str = "",
    progress: Progress | None = None,
) -> Document:
    """Look at every table of every declared source; what the gate asks of them comes from its verdict.

    Duplicates and age are those measured last (`roadworthy gate --measure`): looking changes no evidence.
    """
    require(principal, "measure", use_case=release.use_case)
    loaded = deployment.loader.load(release.digest)
    charter = loaded.charter
    asked = [
        finding
        for finding in verdict(deployment, principal, release.use_case, release.name, Stage.SHADOW).findings
        if finding.theme == "data"
    ]
    requirements: list[Requirement] = [
        {
            "id": one.requirement,
            "asks": one.asks,
            "subject": one.subject,
            "mark": str(one.mark),
            "reason": one.reason,
            "next_step": one.next_step,
        }
        for one in asked
    ]
    known = {(one.requirement, one.subject) for one in asked}
    with deployment.store.read() as tx:
        measurements = deployment.store.evidence.measurements(tx, release.use_case)
    evidence = Evidence.gather(measurements, now=deployment.now(), release=release.digest)
    looked: list[Looked] = []
    with deployment.instruments() as instruments:
        for name, source in charter.data.items():
            gaps = {gap: f"{id_}:{name}" for gap, id_ in _GAPS.items() if (id_, name) in known}
            looked += _of_source(deployment, loaded, instruments, name, source, evidence, gaps, progress)
    made = report(
        looked,
        title=title or charter.title,
        now=deployment.now(),
        use_case=release.use_case,
        requirements=requirements,
        commands={"contract": "roadworthy data contract draft {source}"},
    )
    # Two sources may have tables of one name: the charter's name stands before it, as in the steps.
    for section, one in zip(made["sources"], looked, strict=True):
        section["name"] = one.facts.name
    return made


def _of_source(
    deployment: Deployment,
    loaded: LoadedRelease,
    instruments: Instruments,
    name: str,
    source: Source,
    evidence: Evidence,
    gaps: Mapping[Gap, str],
    progress: Progress | None,
) -> list[Looked]:
    contract = loaded.contracts.get(name)
    tables = tables_of(loaded, instruments, name)
    checked = (
        check_contract(
            instruments,
            contract,
            lambda table: opened_table(loaded, instruments, name, table),
            now=deployment.now(),
            progress=progress,
        )
        if contract
        else None
    )
    age = evidence.find("data.age", name)
    promised = loaded.charter.number(f"data.{name}.max_age")
    found = []
    for table in tables:
        about_entity = source.entity is not None and source.entity.table == table.source
        dataset = opened_table(loaded, instruments, name, table)
        try:
            asked = Asked(
                name=f"{name}.{table.name}" if len(tables) > 1 or table.name != name else name,
                location=source.url,
                contract=contract,
                table=table if contract else None,
                owner=source.owner,
                steward=source.steward,
                system_of_record=source.system_of_record,
                personal_declared=source.personal != "none",
                duplicates=_duplicates(evidence, name, source) if about_entity else None,
                age=Age(age.value, promised) if age and promised and table is tables[0] else None,
                newest=(deployment.now() - timedelta(seconds=age.value)).isoformat() if age else None,
                requirements=gaps,
                checks=f"data.checks:{name}",
            )
            found.append(look_at(instruments, dataset, asked, checked, progress=progress))
        finally:
            dataset.close()
    return found


def _duplicates(evidence: Evidence, name: str, source: Source) -> Duplicates | None:
    measured = evidence.find("data.duplicates", name)
    if measured is None or source.entity is None:
        return None
    unclear = evidence.find("data.unclear_pairs", name)
    rows = measured.detail.get("duplicates", 0)
    return Duplicates(
        rows=int(rows) if isinstance(rows, int) else 0,
        among=measured.n,
        allowed=source.entity.duplicates_max,
        unclear_pairs=int(unclear.value) if unclear else 0,
    )
