"""Which rows are the same real thing, and what is true of it: plans, pairs, clusters, golden records."""

from roadworthy.data.matching.clusters import Cluster, Clustering, cluster
from roadworthy.data.matching.facts import ColumnFacts, TableFacts, of_profile, of_texts
from roadworthy.data.matching.fragmentation import Disagreement, Fragmentation, fragmentation_of
from roadworthy.data.matching.golden import Cell, Golden, Rule, Survives, Survivorship, golden_records
from roadworthy.data.matching.normal import Form, normal, sound
from roadworthy.data.matching.pair import Decision, Pair, Row
from roadworthy.data.matching.plan import (
    Block,
    Comparison,
    Key,
    MatchColumn,
    MatchPlan,
    Measure,
    Mode,
    Part,
)
from roadworthy.data.matching.propose import possible_pairs, propose, take
from roadworthy.data.matching.review import Question, Recalibration, grey, recalibrate
from roadworthy.data.matching.roles import Role
from roadworthy.data.matching.scores import Agreement, b_cubed, pairwise
from roadworthy.data.matching.writing import as_json, from_json

__all__ = [
    "Agreement",
    "Block",
    "Cell",
    "Cluster",
    "Clustering",
    "ColumnFacts",
    "Comparison",
    "Decision",
    "Disagreement",
    "Form",
    "Fragmentation",
    "Golden",
    "Key",
    "MatchColumn",
    "MatchPlan",
    "Measure",
    "Mode",
    "Pair",
    "Part",
    "Question",
    "Recalibration",
    "Role",
    "Row",
    "Rule",
    "Survives",
    "Survivorship",
    "TableFacts",
    "as_json",
    "b_cubed",
    "cluster",
    "fragmentation_of",
    "from_json",
    "golden_records",
    "grey",
    "normal",
    "of_profile",
    "of_texts",
    "pairwise",
    "possible_pairs",
    "propose",
    "recalibrate",
    "sound",
    "take",
]
