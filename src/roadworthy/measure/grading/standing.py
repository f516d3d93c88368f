"""Whether a judge has shown that it agrees with people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """An ``advisory`` judge may be read, and cannot make a gate pass. ``sentence`` says why.

    It is part of a judge's digest: grades that were kept from before it was calibrated, or from before it
    lost its standing, are not taken for what they no longer are.
    """

    advisory: bool
    sentence: str

    def detail(self) -> dict[str, object]:
        """What every grade of the judge carries."""
        return {"advisory": self.advisory, "standing": self.sentence}


NOT_CALIBRATED = Standing(True, "the judge was never compared with people")
