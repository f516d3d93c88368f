"""The policies of a use-case folder."""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.charter import Charter
from roadworthy.errors import InputProblem, Problem
from roadworthy.ports import Policies

FOLDER = "policies/"


def policies_of(charter: Charter, files: Mapping[str, bytes]) -> Policies:
    """The policies among the files of a folder, with the tools of its charter.

    Errors: ``InputProblem`` RW-POLICY-001 with every problem of every file.
    """
    from roadworthy.adapters.cedar import CedarPolicies

    texts: dict[str, str] = {}
    problems = []
    for name in sorted(files):
        bare = name.removeprefix(FOLDER)
        if bare == name or "/" in bare or not bare.endswith(".cedar"):
            continue
        try:
            texts[bare] = files[name].decode()
        except UnicodeDecodeError as problem:
            problems.append(
                Problem(f"byte {problem.start} is not UTF-8", place=bare, hint="save the file as UTF-8")
            )
    if problems:
        raise InputProblem("RW-POLICY-001", problems, hint="no policy was loaded")
    return CedarPolicies(texts, charter.tools, region=charter.region)
