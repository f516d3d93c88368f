"""The one place that knows which technology stands behind which port, and that reads the environment."""

from roadworthy.wiring.assembly import refuse_own_state
from roadworthy.wiring.function import function_of
from roadworthy.wiring.installation import (
    beside_the_database,
    example_folder,
    folder_files,
    open_deployment,
    requirements,
    sandbox_loader,
)
from roadworthy.wiring.knowledge import documents_in, open_knowledge
from roadworthy.wiring.language import gradings, language_model, prompted_model
from roadworthy.wiring.place import Workspace, acting_name, acting_on, demo_workspace, workspace
from roadworthy.wiring.tables import instruments, now, read_contract, write_contract

__all__ = [
    "Workspace",
    "acting_name",
    "acting_on",
    "beside_the_database",
    "demo_workspace",
    "documents_in",
    "example_folder",
    "folder_files",
    "function_of",
    "gradings",
    "instruments",
    "language_model",
    "now",
    "open_deployment",
    "open_knowledge",
    "prompted_model",
    "read_contract",
    "refuse_own_state",
    "requirements",
    "sandbox_loader",
    "workspace",
    "write_contract",
]
