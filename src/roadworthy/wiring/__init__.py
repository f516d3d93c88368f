"""The one place that knows which technology stands behind which port, and that reads the environment."""

from roadworthy.wiring.assembly import refuse_own_state
from roadworthy.wiring.installation import (
    example_folder,
    folder_files,
    open_deployment,
    read_knowledge,
    requirements,
)
from roadworthy.wiring.place import Workspace, acting_name, acting_on, demo_workspace, workspace
from roadworthy.wiring.tables import instruments, now, read_contract, write_contract

__all__ = [
    "Workspace",
    "acting_name",
    "acting_on",
    "demo_workspace",
    "example_folder",
    "folder_files",
    "instruments",
    "now",
    "open_deployment",
    "read_contract",
    "read_knowledge",
    "refuse_own_state",
    "requirements",
    "workspace",
    "write_contract",
]
