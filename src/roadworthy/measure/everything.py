"""All probes in their order: those that need no labelled cases, and those that do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from roadworthy.evidence import Measurement
from roadworthy.measure import sources
from roadworthy.measure.certifying import content_aged
from roadworthy.measure.entities import unclear_pairs
from roadworthy.measure.fact import keep
from roadworthy.measure.knowledge.freshness import health_facts
from roadworthy.measure.knowledge.leak import leak_facts
from roadworthy.measure.knowledge.quality import quality_facts
from roadworthy.measure.labelled import Labelled
from roadworthy.measure.pilot import Wait, certificates, cost_and_load, hostile, quality, run_pilot
from roadworthy.measure.routing import Models, by_charter, model_facts, routed_facts
from roadworthy.measure.spotchecks import spot_checks
from roadworthy.measure.stages import canary, policy_coverage, policy_tests, shadow
from roadworthy.measure.tools import tool_facts
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.keeping import bring_up_to_date
from roadworthy.principal import Principal, require
from roadworthy.release import Release

REHEARSED = 150


def measure_without_labels(
    deployment: Deployment, principal: Principal, release: Release, *, models: Models = by_charter
) -> tuple[Measurement, ...]:
    """Data, knowledge, KPI, policy coverage, models, and what shadow and canary showed so far.

    ``models`` says what the installation knows of the charter's models: their prices and last days.
    """
    require(principal, "measure", use_case=release.use_case)
    loaded = deployment.loader.load(release.digest)
    for base in loaded.bases.values():
        bring_up_to_date(base)
    now = deployment.now()
    with deployment.store.read() as tx:
        earlier = deployment.store.evidence.measurements(tx, release.use_case)
    with deployment.instruments() as instruments:
        data = [
            *sources.data_checks(loaded, instruments, now=now, earlier=earlier),
            *sources.declared(loaded, instruments),
            *unclear_pairs(deployment, principal, loaded, instruments),
        ]
    known = models(loaded.charter, now.date())
    facts = [
        sources.kpi_baseline(loaded),
        *data,
        *sources.duplicates(loaded),
        *sources.freshness(loaded, now=now),
        *health_facts(deployment, release.use_case, loaded.bases, today=now.date(), earlier=earlier),
        *leak_facts(loaded.bases, today=now.date()),
        *policy_coverage(loaded),
        *policy_tests(loaded),
        *tool_facts(deployment, loaded),
        *shadow(deployment, release),
        *canary(deployment, release),
        *content_aged(deployment, release, loaded),
        *spot_checks(deployment, release),
        *model_facts(known, now.date()),
        *routed_facts(deployment, release, loaded.charter, known),
    ]
    return keep(deployment, principal, release, facts)


def measure_with_labels(
    deployment: Deployment,
    principal: Principal,
    release: Release,
    labelled: Sequence[Labelled],
    *,
    wait: Wait,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Measurement, ...]:
    """The pilot over labelled cases, the certificates it supports, and a rehearsal under them.

    The rehearsal repeats every hostile case and some others with the certificates in force: what
    would leave without a person, what that costs, and how much is left for reviewers.
    """
    require(principal, "measure", use_case=release.use_case)
    loaded = deployment.loader.load(release.digest)
    progress(f"pilot over {len(labelled)} labelled cases")
    piloted = run_pilot(deployment, principal, release, labelled, wait=wait)
    progress("certificates and retrieval")
    issued = certificates(deployment, principal, release, piloted)
    facts = [
        *quality(loaded, piloted),
        *quality_facts(deployment, principal, loaded, labelled=labelled),
        *issued,
    ]
    kept = keep(deployment, principal, release, facts)
    again = [one for one in labelled if one.hostile]
    again += [one for one in labelled if not one.hostile][:REHEARSED]
    progress(f"rehearsal of {len(again)} cases under the certificates")
    rehearsed = run_pilot(deployment, principal, release, again, wait=wait, rehearsal=kept[-1].id)
    return kept + keep(
        deployment,
        principal,
        release,
        [
            *cost_and_load(loaded, [one for one in rehearsed if not one.labelled.hostile]),
            hostile(loaded, rehearsed),
        ],
    )
