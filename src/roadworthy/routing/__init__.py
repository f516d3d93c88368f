"""Which model answers: the cheapest that is good enough, able and healthy; and what follows when it fails."""

from roadworthy.routing.candidate import Candidate, Need, Quality
from roadworthy.routing.choice import Route, choose
from roadworthy.routing.circuit import Circuit
from roadworthy.routing.retry import Retries

__all__ = ["Candidate", "Circuit", "Need", "Quality", "Retries", "Route", "choose"]
