"""One plain sentence about a case: what was done, by whom, and why. Made of recorded facts, never of content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from roadworthy.stage import SIMULATED

_MOST_REASONS = 4
_SENT = ("confirmed", "sending", "unknown", "undone")
_SIMULATED = frozenset(str(stage) for stage in SIMULATED)

Told = Mapping[str, Any]
"""A case as ``explain`` tells it."""


def sentence(told: Told, *, live: Told | None = None) -> str:
    """What was done and why. ``live``: the case itself, where this is a run of it that only watches.

    Words of the program stand in backticks.
    """
    case = told["case"]
    if case["stage"] in _SIMULATED and case["release"] != "people":
        return _would_have(told, live)
    match case["state"]:
        case "parked":
            return _stop(f"Parked, nothing moves until somebody acts{_because([case['reason']])}")
        case "waiting":
            return _waits(told)
        case "open":
            return _stop(_begun(told))
        case "delivering":
            return _stop(
                f"Decided{_as(case)}; {_names(told['effects'])} on the way{_because(_grounds(told))}"
            )
    return _ended(told)


def _ended(told: Told) -> str:
    case, effects = told["case"], [one for one in told["effects"] if not _takes_back(one)]
    sent = [one for one in effects if one["state"] in _SENT]
    refused = [one for one in effects if one["state"] == "refused"]
    if not case["handled_by"]:
        return _stop(f"Ended without a decision{_because([case['reason']])}")
    who = _who(told)
    parts = []
    if sent:
        parts.append(f"Carried out {_names(sent)} {who}{_as(case)}{_because(_grounds(told, sent))}")
    if refused:
        verb = "refused" if parts else "Refused"
        parts.append(f"{verb} {_names(refused)}{_refuser(told, refused)}{_because(_said(refused))}")
    if not parts:
        what = f"Answered `{case['answer']}`" if case["answer"] else "Settled"
        parts.append(f"{what} {who}; nothing was to be sent{_because(_grounds(told))}")
    undone = [one for one in effects if one["state"] == "undone"]
    if undone:
        parts.append(f"{_names(undone)} taken back later")
    unclear = [one for one in effects if one["state"] == "unknown"]
    if unclear:
        parts.append(f"nobody knows whether {_names(unclear)} was felt")
    return _stop("; ".join(parts))


def _waits(told: Told) -> str:
    case = told["case"]
    open_ = [one for one in told["reviews"] if one["state"] == "open"]
    proposed = [one for one in told["effects"] if one["state"] == "proposed"]
    whom = f"the {open_[0]['role'].replace('_', ' ')}" if open_ else "a person"
    what = f"; proposed {_names(proposed)}{_as(case)}" if proposed else _as(case, "; proposed as")
    reasons = open_[0]["reasons"] if open_ else _said(proposed)
    return _stop(f"Waits for {whom}{what}{_because(reasons)}")


def _begun(told: Told) -> str:
    steps = len(told["steps"])
    if not steps:
        return "Taken in, no step is recorded yet"
    return f"Being worked: {steps} step{'' if steps == 1 else 's'} recorded so far"


def _would_have(told: Told, live: Told | None) -> str:
    case, effects = told["case"], told["effects"]
    if case["state"] in {"open", "delivering"}:
        return _stop(f"A {case['stage']} run, {_lower(_begun(told))}")
    alone = [one for one in effects if one["disposition"] == "execute"]
    asked = [one for one in effects if one["disposition"] == "review"]
    refused = [one for one in effects if one["disposition"] == "refuse"]
    parts = []
    if alone:
        parts.append(
            f"have carried out {_names(alone)} automatically{_as(case)}{_because(_grounds(told, alone))}"
        )
    if asked:
        parts.append(f"have asked a person about {_names(asked)}{_as(case)}{_because(_said(asked))}")
    if refused:
        parts.append(f"have refused {_names(refused)}{_because(_said(refused))}")
    if not parts:
        if not case["handled_by"] and not case["answer"]:
            return _stop(f"A {case['stage']} run that led to no decision{_because([case['reason']])}")
        parts.append(f"have answered{_as(case)} and sent nothing")
    would = f"Would {', and '.join(parts)}"
    return _stop(f"{would}; {_really(live)}" if live is not None else would)


def _really(live: Told) -> str:
    case = live["case"]
    if case["state"] != "closed":
        return f"the case itself is {case['state']}"
    truths = list(dict.fromkeys(one["truth"] for one in live["outcomes"]))
    sent = [one for one in live["effects"] if one["state"] in _SENT and not _takes_back(one)]
    who = "the person" if case["handled_by"] == "person" else f"the release `{case['release']}`"
    did = f"{who} carried out {_names(sent)}" if sent else f"{who} sent nothing"
    right = f" (right was {', '.join(f'`{_plain(one)}`' for one in truths)})" if truths else ""
    return f"{did}{_as(case)}{right}"


def _who(told: Told) -> str:
    if told["case"]["handled_by"] == "automatic":
        return "automatically"
    people = list(
        dict.fromkeys(
            one["by"]
            for one in told["reviews"]
            if one["by"] and one["kind"] not in {"spot_check", "correction"}
        )
    )
    return f"after {' and '.join(people)} decided" if people else "by a person"


def _refuser(told: Told, refused: Sequence[Told]) -> str:
    by = {
        one["effect"]: one["by"]
        for one in told["reviews"]
        if one.get("effect") and one["verdict"] == "reject"
    }
    people = list(dict.fromkeys(by[one["id"]] for one in refused if by.get(one["id"])))
    if people:
        return f" ({' and '.join(people)} said no)"
    rejecting = [one["by"] for one in told["reviews"] if one["verdict"] == "reject" and one["by"]]
    return f" ({' and '.join(dict.fromkeys(rejecting))} said no)" if rejecting else ""


def _grounds(told: Told, effects: Sequence[Told] = ()) -> list[str]:
    """The confidence against its threshold, then what was said of the effects."""
    case = told["case"]
    thresholds = [one["threshold"] for one in told["effects"] if one["threshold"] is not None]
    found = []
    if case["confidence"] is not None and thresholds:
        sign = "≥" if case["confidence"] >= thresholds[0] else "<"
        found.append(f"confidence {case['confidence']:.3f} {sign} {thresholds[0]:.3f}")
    elif case["confidence"] is not None:
        found.append(f"confidence {case['confidence']:.3f}")
    # Only a person's own work needs no grounds of policies.
    return found + _said(effects)


def _said(effects: Iterable[Told]) -> list[str]:
    return list(dict.fromkeys(reason for one in effects for reason in one["reasons"]))


def _takes_back(effect: Told) -> bool:
    return bool(effect.get("undoes")) or str(effect["slot"]).startswith("undo~")


def _names(effects: Sequence[Told]) -> str:
    names = list(dict.fromkeys(f"`{one['tool']}`" for one in effects))
    if not names:
        return "nothing"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _as(case: Told, word: str = " as") -> str:
    return f"{word} `{_plain(case['answer'])}`" if case["answer"] else ""


def _because(reasons: Sequence[str]) -> str:
    told = [_plain(reason, ticks=True).rstrip(".") for reason in reasons if reason]
    more = len(told) - _MOST_REASONS
    shown = [
        *told[:_MOST_REASONS],
        *([f"{more} more reasons" if more > 1 else "one more reason"] if more > 0 else []),
    ]
    return f": {', '.join(shown)}" if shown else ""


def _plain(text: str, *, ticks: bool = False) -> str:
    """Text of a release within our sentence: one line, no marks of ours, not endless."""
    line = " ".join(str(text).split())
    line = line if ticks else line.replace("`", "'")
    return line if len(line) <= 300 else f"{line[:299]}…"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _stop(text: str) -> str:
    return f"{text}."
