"""A mirrored environment on one machine: a copied workspace, worker processes, and what they were seen to do."""

from roadworthy.adapters.rehearsal.copying import MARKER, copy_data, copy_database, left_behind
from roadworthy.adapters.rehearsal.crew import ProcessCrew
from roadworthy.adapters.rehearsal.witness import FileWitness

__all__ = ["MARKER", "FileWitness", "ProcessCrew", "copy_data", "copy_database", "left_behind"]
