"""Who calls: what a key is bound to, and what the charter of its release allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from roadworthy.charter import Charter, GatewayPlan, LanguageModelPlan, Task, seconds
from roadworthy.charter import read as read_charter
from roadworthy.errors import InputProblem, NotFound, Problem, Refused
from roadworthy.operate import access
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.modelcalls.qualities import qualities
from roadworthy.ports import Page, Transaction
from roadworthy.ports.upstream import Catalogue, Endpoint
from roadworthy.principal import Principal, require
from roadworthy.quantities import Cost, Digest
from roadworthy.release import Release
from roadworthy.routing import Candidate, Quality, closed
from roadworthy.stage import ENDED, ROAD, Stage
from roadworthy.usage import Level

WITHOUT_CASE = frozenset({Stage.DRAFT, Stage.PILOT})
"""Stages at which a call need not say which case it is for."""
_MOST_PLACES = 50


@dataclass(frozen=True, slots=True)
class Served:
    """A model that calls may be sent to."""

    name: str
    plan: LanguageModelPlan
    candidate: Candidate
    endpoint: Endpoint
    price: str
    """The snapshot of its price that calls are charged by."""
    timeout_s: float
    place: str
    """Where it is asked and as what: models that share it share their health."""
    scopes: tuple[str, ...]
    """What the stop switch may name to stop it: the charter's name, and what its server calls it."""
    closed: str = ""
    """Why no request of this release goes there today, whatever it asks for; empty: it may."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What a key stands for at this moment. ``version`` is the name of its release."""

    key: str
    principal: str
    use_case: str
    release: Digest
    version: str
    stage: Stage
    region: str
    plan: GatewayPlan
    models: Mapping[str, Served]
    """By the charter's name and by what their servers call them; where two share that, the first."""
    absent: Mapping[str, str]
    """Models that cannot be asked from here, by both names, and why."""
    tasks: Mapping[str, Task]
    quality: Mapping[str, Mapping[str, Quality]]
    unit: str
    limits: Mapping[Level, int]
    scopes: tuple[str, ...]
    expires_at: datetime
    needs_case: bool
    """Beyond the pilot every call says which case it is for."""

    @property
    def names(self) -> tuple[str, ...]:
        """The charter's names of the models that may be asked."""
        return tuple(dict.fromkeys(served.name for served in self.models.values()))


def issue_key(
    deployment: Deployment,
    principal: Principal,
    use_case: str,
    *,
    release: str,
    stage: Stage,
    for_: str = "",
) -> str:
    """A key for programs of a use case. ``release`` by name or digest; ``stage`` is the furthest one at which
    the key is good. The secret is shown here and never again.

    Errors: ``Refused`` RW-ACCESS-001, ``NotFound`` RW-CALL-016 for a release that is not there,
    ``InputProblem`` RW-CALL-017 for a stage at which nothing runs.
    """
    require(principal, "gateway.key", use_case=use_case)
    if stage not in ROAD:
        raise InputProblem(
            "RW-CALL-017",
            Problem(f"no key is good at the stage `{stage}`", hint="one of " + ", ".join(ROAD)),
        )
    with deployment.store.read() as tx:
        found = find_release(deployment, tx, use_case, release)
    return access.issue(
        deployment,
        principal,
        for_ or principal.id,
        access.GATEWAY,
        use_case=use_case,
        release=found.digest,
        stage=stage,
    )


def newest_release(deployment: Deployment, use_case: str) -> str:
    """The name of the newest release of a use case that did not end. Errors: ``NotFound`` RW-CALL-016."""
    with deployment.store.read() as tx:
        rollout = deployment.store.releases.rollout(tx, use_case)
    alive = [one for one in rollout.releases if one.stage not in ENDED]
    if not alive:
        raise NotFound(
            "RW-CALL-016",
            Problem(
                f"no running release of `{use_case[:100]}`",
                hint="`roadworthy release start FOLDER` makes one",
            ),
        )
    return max(alive, key=lambda one: one.number).name


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the gateway, without its secret. ``release`` by name where it is still known."""

    id: str
    principal: str
    use_case: str
    release: str
    stage: str
    created_at: datetime
    expires_at: datetime

    def as_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            "id": self.id,
            "principal": self.principal,
            "use_case": self.use_case,
            "release": self.release,
            "stage": self.stage,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
        }


def keys_of(
    deployment: Deployment, principal: Principal, use_case: str = "", *, after: str = "", limit: int = 100
) -> Page[Key]:
    """Keys of the gateway, by id; of every use case, where none is named."""
    require(principal, "gateway.key", use_case=use_case)
    with deployment.store.read() as tx:
        found = deployment.store.people.credentials(
            tx, access.GATEWAY, use_case=use_case, after=after, limit=limit
        )
        names: dict[str, str] = {}
        for name in {one.use_case for one in found.rows}:
            rollout = deployment.store.releases.rollout(tx, name)
            names.update({one.digest: one.name for one in rollout.releases})
    rows = tuple(
        Key(
            one.id,
            one.principal,
            one.use_case,
            names.get(one.release, one.release),
            one.stage,
            one.created_at,
            one.expires_at,
        )
        for one in found.rows
    )
    return Page(rows, found.after)


def revoke_key(deployment: Deployment, principal: Principal, key: str) -> None:
    """No gateway takes this key any more, from the next time it looks (every half second).

    Errors: ``NotFound`` RW-CALL-020 for a key that is not there, or was revoked before.
    """
    with deployment.store.write() as tx:
        found = deployment.store.people.credential(tx, access.GATEWAY, key)
        if found is None:
            raise NotFound(
                "RW-CALL-020", Problem(f"no key `{key[:100]}`", hint="`roadworthy gateway key list`")
            )
        require(principal, "gateway.key", use_case=found.use_case)
        deployment.store.people.spend_credential(tx, access.GATEWAY, key)
        deployment.record(
            tx,
            "gateway.revoked",
            principal.id,
            {"credential": key, "use_case": found.use_case},
            {"principal": found.principal},
        )


def find_release(deployment: Deployment, tx: Transaction, use_case: str, named: str) -> Release:
    """The release of a use case by its name or digest. Errors: ``NotFound`` RW-CALL-016."""
    rollout = deployment.store.releases.rollout(tx, use_case)
    for one in rollout.releases:
        if named in {one.name, one.digest}:
            return one
    known = ", ".join(one.name for one in rollout.releases[:_MOST_PLACES]) or "none yet"
    raise NotFound(
        "RW-CALL-016", Problem(f"no release `{named[:100]}` of `{use_case[:100]}`", hint=f"known: {known}")
    )


@dataclass(frozen=True, slots=True)
class Plans:
    """What the charter of one release says about calls. It never changes, as a release does not."""

    charter: Charter
    models: Mapping[str, Served]
    absent: Mapping[str, str]
    limits: Mapping[Level, int]


def read_plans(deployment: Deployment, catalogue: Catalogue, release: Digest) -> Plans:
    """The plans of a release. A model whose secret, address or price is missing is ``absent``, with the reason."""
    with deployment.store.read() as tx:
        archive = deployment.store.releases.archive(tx, release)
    charter = read_charter(archive.files["charter.yaml"], file="charter.yaml")
    today = deployment.now().date()
    models: dict[str, Served] = {}
    absent: dict[str, str] = {}
    for name, plan in charter.models.items():
        try:
            candidate = catalogue.candidate(name, plan, region=charter.region, today=today)
            endpoint = catalogue.endpoint(plan)
            models[name] = Served(
                name,
                plan,
                candidate,
                endpoint,
                catalogue.snapshot(candidate),
                float(seconds(plan.timeout)),
                f"{endpoint.base} {plan.model}",
                (f"model:{name}", f"model:{plan.model}"),
                closed(candidate, charter.region, today),
            )
        except InputProblem as problem:
            absent[name] = "; ".join(each.message for each in problem.problems)
    for served in tuple(models.values()):
        models.setdefault(served.plan.model, served)
    for name, plan in charter.models.items():
        if plan.model not in models and name in absent:
            absent.setdefault(plan.model, absent[name])
    return Plans(charter, models, absent, _limits(catalogue, charter))


def read_caller(deployment: Deployment, token: str, plans: Callable[[Digest], Plans]) -> Caller:
    """What this key stands for, read anew.

    Errors: ``Refused`` RW-ACCESS-012 for a key that is none, RW-CALL-007 where its release has gone further
    than the key is good for, or ended.
    """
    credential, account = access.proven(deployment, token, kind=access.GATEWAY)
    with deployment.store.read() as tx:
        release = find_release(deployment, tx, credential.use_case, credential.release)
        found = qualities(deployment, tx, credential.use_case, release.digest)
    _check_stage(release, credential.stage)
    said = plans(release.digest)
    charter = said.charter
    return Caller(
        key=credential.id,
        principal=account.id,
        use_case=credential.use_case,
        release=release.digest,
        version=release.name,
        stage=release.stage,
        region=charter.region,
        plan=charter.gateway,
        models=said.models,
        absent=said.absent,
        tasks={name: task for name, task in charter.tasks.items() if task.models},
        quality=found,
        unit=charter.budget.unit,
        limits=said.limits,
        scopes=(f"use_case:{credential.use_case}", f"release:{release.digest}"),
        expires_at=credential.expires_at,
        needs_case=release.stage not in WITHOUT_CASE,
    )


def _check_stage(release: Release, good_until: str) -> None:
    if release.stage in ENDED:
        raise Refused(
            "RW-CALL-007", f"{release.name} is {release.stage}", hint="issue a key for a running release"
        )
    if good_until not in ROAD or ROAD.index(release.stage) > ROAD.index(Stage(good_until)):
        raise Refused(
            "RW-CALL-007",
            f"{release.name} is in {release.stage}, and this key is good until {good_until or 'no stage'}",
            hint="issue a key for that stage: `roadworthy gateway key issue`",
        )


def _limits(catalogue: Catalogue, charter: Charter) -> dict[Level, int]:
    limits = dict(catalogue.limits(charter.budget.unit))
    limits[Level.USE_CASE] = Cost.parse(charter.budget.per_month).nano
    limits[Level.CASE] = Cost.parse(charter.budget.per_case).nano
    if charter.gateway.per_key is not None:
        limits[Level.KEY] = Cost.parse(charter.gateway.per_key).nano
    return limits
