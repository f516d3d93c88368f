"""Tables: lineage, figures, alerts. References and digests, no content."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Moment, Number, Words
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

lineage = table(
    "lineage",
    key("case_id"),
    key("run", Number),
    key("ordinal", Number),
    key("place", Number),
    has("relation"),
    has("source"),
    has("target"),
    has("digest"),
    has("at", Moment),
    sa.Index(None, "source", "case_id"),
    sa.Index(None, "digest", "case_id"),
)

feed = table("feed", key("name"), has("next", Number), has("at", Moment))

# Figures that only grow: counts, nano-units, microseconds. `labels` is a JSON list.
tally = table("tally", key("name"), key("labels"), has("value", Number))

alert = table(
    "alert",
    key("id"),
    has("key"),
    has("rule"),
    has("severity"),
    has("use_case"),
    has("summary"),
    has("owner"),
    has("runbook"),
    has("action"),
    has("cases", Words),
    has("state"),
    has("since", Moment),
    has("seen_at", Moment),
    may_have("resolved_at", Moment),
    has("acknowledged_by"),
    may_have("acknowledged_at", Moment),
    has("acknowledged_why"),
    sa.Index(None, "use_case", "id"),
    sa.Index(None, "since"),
)
# Invariant: of alerts with one key, at most one fires.
_FIRING = sa.text("state = 'firing'")
sa.Index("uq_alert_firing", alert.c.key, unique=True, sqlite_where=_FIRING, postgresql_where=_FIRING)

# What nobody wants to be told of for a while, by the key of its alerts: one that ends and begins again is the same.
alert_mute = table(
    "alert_mute",
    key("key"),
    has("use_case"),
    has("until", Moment),
    has("muted_by"),
    has("at", Moment),
    has("reason"),
)

notice = table(
    "notice",
    key("id"),
    has("alert"),
    has("channel"),
    has("state"),
    has("attempts", Number),
    has("due_at", Moment),
    may_have("sent_at", Moment),
    has("problem"),
    sa.UniqueConstraint("alert", "channel", "state"),
)
_UNSENT = sa.text("sent_at IS NULL")
sa.Index("ix_notice_due", notice.c.due_at, sqlite_where=_UNSENT, postgresql_where=_UNSENT)
