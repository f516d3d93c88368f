"""Tables: evaluations and their results."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Json, Moment, Number, Real
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

evaluation = table(
    "evaluation",
    key("id"),
    has("use_case"),
    has("suite"),
    has("suite_digest"),
    has("target"),
    has("target_digest"),
    has("release"),
    has("graders"),
    has("repeats", Number),
    has("seed", Number),
    has("settings", Json),
    has("principal"),
    has("started_at", Moment),
    may_have("finished_at", Moment),
    has("digest"),
    has("body", Json),
    sa.Index(None, "use_case", "id"),
    sa.Index(None, "use_case", "suite", "id"),
)
# Invariant: of evaluations that ask and grade the same, at most one is unfinished: it is the one that goes on.
_UNFINISHED = sa.text("finished_at IS NULL")
sa.Index(
    "uq_evaluation_unfinished",
    evaluation.c.use_case,
    evaluation.c.suite,
    evaluation.c.suite_digest,
    evaluation.c.target_digest,
    evaluation.c.release,
    evaluation.c.graders,
    evaluation.c.repeats,
    evaluation.c.seed,
    unique=True,
    sqlite_where=_UNFINISHED,
    postgresql_where=_UNFINISHED,
)

# No content: what was answered and the graders' words lie in payloads, of which a place is named.
evaluation_result = table(
    "evaluation_result",
    key("evaluation"),
    key("test"),
    key("attempt", Number),
    has("came", Number),
    has("grades", Json),
    has("answer"),
    has("answer_place", Number),
    has("words"),
    has("words_place", Number),
    has("cost_nano", Number),
    has("currency"),
    has("seconds", Real),
    has("tokens", Number),
    has("error"),
    has("reused", sa.Boolean),
    sa.Index(None, "evaluation", "came", "test", "attempt"),
)

evaluation_answer = table(
    "evaluation_answer",
    key("target"),
    key("input"),
    key("attempt", Number),
    key("seed", Number),
    has("payload"),
    has("place", Number),
    has("at", Moment),
)

evaluation_grade = table(
    "evaluation_grade",
    key("key"),
    has("grade", Json),
    has("payload"),
    has("place", Number),
    has("at", Moment),
)

evaluation_reference = table(
    "evaluation_reference",
    key("use_case"),
    key("suite"),
    key("test"),
    has("case_id"),
    has("expected"),
    has("by"),
    has("at", Moment),
    sa.UniqueConstraint("use_case", "suite", "case_id"),
    sa.Index(None, "case_id"),
)
