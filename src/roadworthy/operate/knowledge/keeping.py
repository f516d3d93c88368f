"""Keeping what live releases search as fresh as the documents themselves."""

from __future__ import annotations

import logging

from roadworthy.errors import RoadworthyError
from roadworthy.operate.at_work import at_work
from roadworthy.operate.deployment import Deployment
from roadworthy.operate.knowledge.building import build
from roadworthy.ports.knowledge import KnowledgeSource

_log = logging.getLogger("roadworthy.knowledge")
EMBED_FOR_S = 20.0
"""Seconds of a round that passages may be embedded: cases need the processor too."""
WAIT_FOR_S = 60.0
"""Seconds that passages may be embedded while somebody waits; a larger knowledge source is built by
`roadworthy knowledge build`, and in the background."""


def bring_up_to_date(base: KnowledgeSource) -> None:
    """The index as the documents are now, and embedded as far as ``WAIT_FOR_S`` allows.

    Documents that cannot be read now do not end what can be answered from those that were read before: that is
    logged. Errors: as ``build``, where none were.
    """
    try:
        build(base, embed_for_s=WAIT_FOR_S)
    except RoadworthyError as problem:
        if not base.index.state().documents:
            raise
        _tell(problem, f"the index of {base.name}")


def keep_fresh(deployment: Deployment) -> None:
    """Bring the index of every knowledge source of a live release up to date.

    Several workers at once do no harm: what one has put the next finds unchanged. A source that cannot be brought up
    to date is logged and holds up no other.
    """
    kept = set()
    for release in at_work(deployment):
        try:
            bases = deployment.loader.load(release.digest).bases
        except Exception as fault:  # noqa: BLE001 - a release that cannot be loaded holds up no other
            _tell(fault, f"the knowledge of release `{release.digest}`")
            continue
        for base in bases.values():
            # Releases whose charters say the same of a source share its index.
            shared = (release.use_case, base.name, base.version or release.digest)
            if shared in kept:
                continue
            kept.add(shared)
            try:
                build(base, embed_for_s=EMBED_FOR_S)
            except Exception as fault:  # noqa: BLE001 - one source that fails holds up no other
                _tell(fault, f"the knowledge source `{base.name}` of `{release.use_case}`")


def _tell(fault: Exception, what: str) -> None:
    """The code alone: a message may repeat what a document says."""
    code = fault.code if isinstance(fault, RoadworthyError) else type(fault).__name__
    _log.warning("%s is not up to date: %s", what, code)
