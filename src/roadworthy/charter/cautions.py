"""What a charter allows and probably should not: no errors, but worth a second look."""

from __future__ import annotations

from roadworthy.charter.model import Charter
from roadworthy.errors import Problem

_PERSONAL = 2


def cautions(charter: Charter) -> tuple[Problem, ...]:
    """Where strangers' words, private data and a change in the world meet without a person and without a guard.

    Any two of the three are well. With all three a person decides (autonomy `approve`), or every tool that
    changes something names in `control` what may not come from a stranger.
    Source: the rule of two for agents, and the lethal trifecta; both are this check of a whole run.
    """
    if charter.autonomy != "automatic":
        return ()
    strangers, private = _strangers(charter), _private(charter)
    if not strangers or not private:
        return ()
    return tuple(
        Problem(
            f"it leaves without a person, nothing in it is guarded, and a run may have read {strangers} and {private}",
            place=f"tools.{name}.control",
            hint="name the arguments that decide who, where and what; or set `autonomy: approve`",
        )
        for name, tool in charter.tools.items()
        # Without a kind of error no certificate covers it: a person is asked anyway.
        if tool.writes
        and tool.error
        and not tool.control
        and not tool.amount
        and not _closed(charter, name)
    )


def _closed(charter: Charter, name: str) -> bool:
    """Every argument is declared and takes values of a list alone: there is nothing to steer."""
    declared = charter.tools[name].arguments
    return bool(declared) and all(each.one_of or each.type == "boolean" for each in declared.values())


def _strangers(charter: Charter) -> str:
    """The first place where an untrusted text comes in."""
    for name, field in charter.input.items():
        if not field.trusted:
            return f"the untrusted input `{name}`"
    for name, knowledge in charter.knowledge.items():
        if not knowledge.trusted:
            return f"the untrusted documents of `{name}`"
    return next((f"answers of `{name}`" for name, tool in charter.tools.items() if not tool.writes), "")


def _private(charter: Charter) -> str:
    """The first place where personal or confidential data come in."""
    named = any(field.subject for field in charter.input.values())
    for name, field in charter.input.items():
        stated = field.data_class
        if (
            stated if stated is not None else _PERSONAL if named or field.type == "email" else 1
        ) >= _PERSONAL:
            return f"the personal input `{name}`"
    for name, source in charter.data.items():
        if source.personal != "none":
            return f"personal data of `{name}`"
    for name, knowledge in charter.knowledge.items():
        if max(knowledge.access.data_class, knowledge.reads_as.clearance) >= _PERSONAL:
            return f"confidential documents of `{name}`"
    return ""
