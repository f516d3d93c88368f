"""A mirrored environment on one machine: a copied workspace, worker processes, and what they were seen to do."""

from roadworthy.adapters.rehearsal.copying import MARKER, copy_data, copy_database, left_behind
from roadworthy.adapters.rehearsal.crew import ProcessCrew
from roadworthy.adapters.rehearsal.outages import FileOutages
from roadworthy.adapters.rehearsal.postgres import (
    PREFIX,
    beside,
    copy_rows,
    create_copy,
    drop_copy,
    is_postgres,
)
from roadworthy.adapters.rehearsal.provider import ModelStandIn
from roadworthy.adapters.rehearsal.receivers import (
    AlertmanagerStandIn,
    MailStandIn,
    WebhookStandIn,
)
from roadworthy.adapters.rehearsal.witness import FileWitness

__all__ = [
    "MARKER",
    "PREFIX",
    "AlertmanagerStandIn",
    "FileOutages",
    "FileWitness",
    "MailStandIn",
    "ModelStandIn",
    "ProcessCrew",
    "WebhookStandIn",
    "beside",
    "copy_data",
    "copy_database",
    "copy_rows",
    "create_copy",
    "drop_copy",
    "is_postgres",
    "left_behind",
]
