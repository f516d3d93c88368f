"""Lots: draws that anybody may repeat who holds the vault's key, and nobody else can tell beforehand."""

from __future__ import annotations

from hashlib import sha256

from roadworthy.operate.deployment import Deployment


def lots_fall(deployment: Deployment, probability: float, name: str) -> bool:
    """A draw that looks random to whoever lacks the vault's key, and falls the same on every replay.

    ``name`` has capitals: no data subject has such a pseudonym, because those are made from small letters.
    """
    # The page of draws also watches shares, for which it loads numerics that most commands never need.
    from roadworthy.trust.spotcheck import drawn

    key = sha256(deployment.vault.pseudonym(name).encode()).digest()
    return probability > 0 and drawn(probability, key)
