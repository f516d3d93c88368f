"""What a handler is given: who asks, for what, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from roadworthy.operate.deployment import Deployment
from roadworthy.principal import Principal

if TYPE_CHECKING:
    from roadworthy.wiring.place import Workspace


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a known principal. ``path`` and ``query`` hold text as it was sent.

    ``place``: where the installation keeps its files, where a page may look at them.
    """

    deployment: Deployment
    principal: Principal
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    place: Workspace | None = None

    @property
    def use_case(self) -> str:
        """The use case asked about: by the query, else the one a key is bound to, else empty (all)."""
        return self.query.get("use_case", "") or self.principal.use_case
