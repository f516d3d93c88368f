"""Every table, in the words of the glossary. Migrations lead to exactly this; a test compares them.

No column but those that say so holds content: personal data lie encrypted in ``payload`` alone.
"""

from roadworthy.adapters.sql.schema.casework import (
    case_flag,
    case_record,
    effect,
    outcome,
    pace,
    rating,
    reject,
    review,
    spend,
    step,
)
from roadworthy.adapters.sql.schema.costs import (
    cost_call,
    cost_case,
    cost_day,
    cost_review,
    cost_step,
    outlook,
)
from roadworthy.adapters.sql.schema.evaluations import (
    evaluation,
    evaluation_answer,
    evaluation_grade,
    evaluation_reference,
    evaluation_result,
)
from roadworthy.adapters.sql.schema.evidence import (
    approval,
    certificate,
    file_content,
    measurement,
    release,
    release_file,
    waiver,
    watch,
)
from roadworthy.adapters.sql.schema.inbox import (
    absence,
    case_initiator,
    review_look,
    review_reminder,
    reviewer_skill,
)
from roadworthy.adapters.sql.schema.ledger import (
    checkpoint,
    ledger_entry,
    ledger_facet,
    ledger_outbox,
    ledger_reference,
    ledger_state,
    ledger_tile,
)
from roadworthy.adapters.sql.schema.metering import (
    budget,
    budget_lease,
    budget_owner,
    call_batch,
    model_call,
    unattributed_charge,
)
from roadworthy.adapters.sql.schema.people import (
    acknowledgement,
    credential,
    executor_lease,
    obeyed,
    preference,
    principal,
    reply,
    stop,
)
from roadworthy.adapters.sql.schema.rollups import case_count
from roadworthy.adapters.sql.schema.spotchecks import spot_answer, spot_check, spot_share
from roadworthy.adapters.sql.schema.standings import case_standing, spot_standing
from roadworthy.adapters.sql.schema.tools import tool_state
from roadworthy.adapters.sql.schema.vault import key_check, payload, subject_key
from roadworthy.adapters.sql.schema.watching import alert, alert_mute, feed, lineage, notice, tally
from roadworthy.adapters.sql.schema.words import metadata

__all__ = [
    "absence",
    "acknowledgement",
    "alert",
    "alert_mute",
    "approval",
    "budget",
    "budget_lease",
    "budget_owner",
    "call_batch",
    "case_count",
    "case_flag",
    "case_initiator",
    "case_record",
    "case_standing",
    "certificate",
    "checkpoint",
    "cost_call",
    "cost_case",
    "cost_day",
    "cost_review",
    "cost_step",
    "credential",
    "effect",
    "evaluation",
    "evaluation_answer",
    "evaluation_grade",
    "evaluation_reference",
    "evaluation_result",
    "executor_lease",
    "feed",
    "file_content",
    "key_check",
    "ledger_entry",
    "ledger_facet",
    "ledger_outbox",
    "ledger_reference",
    "ledger_state",
    "ledger_tile",
    "lineage",
    "measurement",
    "metadata",
    "model_call",
    "notice",
    "obeyed",
    "outcome",
    "outlook",
    "pace",
    "payload",
    "preference",
    "principal",
    "rating",
    "reject",
    "release",
    "release_file",
    "reply",
    "review",
    "review_look",
    "review_reminder",
    "reviewer_skill",
    "spend",
    "spot_answer",
    "spot_check",
    "spot_share",
    "spot_standing",
    "step",
    "stop",
    "subject_key",
    "tally",
    "tool_state",
    "unattributed_charge",
    "waiver",
    "watch",
]
