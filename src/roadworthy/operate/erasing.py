"""Erasing a person: their key, what it sealed, and every document about them in the indexes of knowledge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from roadworthy.errors import InputProblem, Problem, RoadworthyError
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.edges import forget_edges
from roadworthy.ports.knowledge import Forgotten
from roadworthy.principal import Principal, require, require_person
from roadworthy.quantities import natural_name


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased. ``documents`` still lie where they came from, and are not indexed again."""

    subject: str
    payloads: int
    documents: tuple[str, ...]
    chunks: int


def erase_person(
    deployment: Deployment, principal: Principal, name: str, *, indexes: Callable[[str], Forgotten]
) -> Erased:
    """Erase the person behind a name, such as an e-mail address, as the charter's subject field tells it.

    ``indexes`` erases a pseudonym from every index there is; what goes wrong there is raised once all else is done. Cases, ledger and figures stay, their content
    does not open any more. The indexes come after the vault: interrupted between the two, ask again.
    Run twice: the second erases what came since.

    Errors: ``Refused`` for whoever may not, a service included; ``InputProblem`` RW-PRIVACY-001 for no name; of an
    index ``Unavailable`` RW-KNOWLEDGE-030 and 033, ``Corrupt`` 031.
    """
    require(principal, "subject.erase")
    require_person(principal, "erase a person")
    natural = natural_name(name)
    if not natural:
        raise InputProblem("RW-PRIVACY-001", Problem("expected a name, such as an e-mail address"))
    subject = deployment.vault.pseudonym(natural)
    with deployment.store.write() as tx:
        payloads = deployment.vault.erase(tx, subject, at=deployment.now())
        forget_edges(deployment, tx, subject=subject)
        deployment.record(
            tx, "subject.erased", principal.id, {"subject": subject}, {"payloads": str(payloads)}
        )
    try:
        forgotten = indexes(subject)
    except RoadworthyError as fault:
        forgotten = Forgotten((), 0, fault)
    with deployment.store.write() as tx:
        # The subject again: a case may have used a document between the two.
        forget_edges(deployment, tx, subject=subject, documents=forgotten.documents)
    if forgotten.trouble is not None:
        raise forgotten.trouble
    return Erased(subject, payloads, forgotten.documents, forgotten.chunks)
