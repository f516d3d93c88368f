"""Which model answers: the cheapest that is good enough, able and healthy; and what follows when it fails."""

from roadworthy.routing.candidate import NOTICE_DAYS, Candidate, Need, Quality, retiring
from roadworthy.routing.cascade import confidence, next_of
from roadworthy.routing.choice import Route, choose, closed, too_large, unfit
from roadworthy.routing.circuit import Circuit
from roadworthy.routing.prices import Overlay, Rate, Stated, discounted, read_overlay, snapshot
from roadworthy.routing.retry import Retries, retry_after
from roadworthy.routing.shape import fits

__all__ = [
    "NOTICE_DAYS",
    "Candidate",
    "Circuit",
    "Need",
    "Overlay",
    "Quality",
    "Rate",
    "Retries",
    "Route",
    "Stated",
    "choose",
    "closed",
    "confidence",
    "discounted",
    "fits",
    "next_of",
    "read_overlay",
    "retiring",
    "retry_after",
    "snapshot",
    "too_large",
    "unfit",
]
