"""Tables: releases and evidence."""

from __future__ import annotations

import sqlalchemy as sa

from roadworthy.adapters.sql.columns import Bytes, Counter, Json, Moment, Number, Real, Score, Text, Words
from roadworthy.adapters.sql.schema.words import has, key, may_have, table

release = table(
    "release",
    key("digest"),
    has("use_case"),
    has("number", Number),
    has("author"),
    has("note"),
    has("stage"),
    has("share", Real),
    has("created_at", Moment),
    has("stage_since", Moment),
    has("reason"),
    sa.Column("step", Number, nullable=False, server_default="0"),
    may_have("step_since", Moment),
    may_have("fit_until", Moment),
    sa.Column("signature", Text, nullable=False, server_default=""),
    sa.Column("key", Text, nullable=False, server_default=""),
    sa.UniqueConstraint("use_case", "number"),
)

release_file = table("release_file", key("release"), key("path"), has("digest"))

file_content = table("file_content", key("digest"), has("content", Bytes))

measurement = table(
    "measurement",
    key("id"),
    has("use_case"),
    has("kind"),
    has("subject"),
    may_have("value", Score),
    has("unit"),
    has("n", Number),
    has("method"),
    has("inputs"),
    has("at", Moment),
    has("valid_for_us", Number),
    may_have("low", Real),
    may_have("high", Real),
    has("release"),
    has("simulated", Words),
    has("detail", Json),
    sa.Index(None, "use_case", "at", "id"),
)

certificate = table(
    "certificate",
    key("id"),
    has("use_case"),
    has("release"),
    has("certified_at", Moment),
    has("body", Json),
    may_have("suspended_at", Moment),
    has("suspended_because"),
    sa.Index(None, "use_case", "release", "certified_at", "id"),
)

approval = table(
    "approval",
    key("id"),
    has("use_case"),
    has("kind"),
    has("digest"),
    has("role"),
    has("principal"),
    has("demo", sa.Boolean),
    has("reason"),
    has("at", Moment),
    has("expires_at", Moment),
    sa.Index(None, "use_case", "digest", "id"),
)

waiver = table(
    "waiver",
    sa.Column("id", Counter, primary_key=True),
    has("use_case"),
    has("requirement"),
    has("subject"),
    has("reason"),
    has("asked_by"),
    has("granted_by"),
    has("demo", sa.Boolean),
    has("expires_at", Moment),
    sa.Index(None, "use_case", "id"),
)

watch = table("watch", key("use_case"), key("release"), key("kind"), has("state"))
