"""Everything that can go wrong, as one tree.

RoadworthyError
 ├─ InputProblem    the caller can fix it: every problem of the input at once, each with its place
 ├─ Refused         not a fault: policy, budget, gate or stage said no; names who may overrule
 ├─ Unavailable     an outside thing failed; says whether trying again is safe
 └─ Corrupt         stored data contradict themselves; says what is broken and what is intact

Doors translate a kind to an exit code or HTTP status in one table each. Codes are stable and
documented in docs/reference/errors.md; sentences may improve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where, what was found and expected, what to do next.

    ``line`` and ``column`` count from 1; 0 means that the place has none.
    """

    message: str
    place: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        where = self.place
        if self.line:
            where += f":{self.line}:{self.column}"
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}; {self.hint}" if self.hint else text

    def as_json(self) -> dict[str, object]:
        """The problem as every door shows it."""
        return {
            "message": self.message,
            "place": self.place,
            "line": self.line,
            "column": self.column,
            "hint": self.hint,
        }


class RoadworthyError(Exception):
    """Root of the tree. ``code`` is stable, ``message`` is for people, ``hint`` is the next step."""

    kind = "error"

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def as_json(self) -> dict[str, object]:
        """The body every door shows: ``{"error": {kind, code, message, hint, …}}``."""
        body: dict[str, object] = {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
        }
        body.update(self.details())
        return {"error": body}

    def details(self) -> Mapping[str, object]:
        """What this kind of error adds to the body."""
        return {}


class InputProblem(RoadworthyError):
    """The caller can fix it. Carries all problems of the input, never only the first."""

    kind = "input"

    def __init__(self, code: str, problems: Sequence[Problem] | Problem | str, *, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = (Problem(problems),)
        elif isinstance(problems, Problem):
            problems = (problems,)
        if not problems:
            raise ValueError("an input problem names at least one problem")
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(code, "\n".join(str(problem) for problem in self.problems), hint=hint)

    def details(self) -> Mapping[str, object]:
        return {"problems": [problem.as_json() for problem in self.problems]}


class NotFound(InputProblem):
    """The thing named does not exist (or may not be seen by who asks)."""

    kind = "not-found"


class Conflict(InputProblem):
    """The thing named is in another state than the caller assumed; carries the winner's state."""

    kind = "conflict"


class Refused(RoadworthyError):
    """Somebody or something said no, and was entitled to. ``may_overrule`` names a role or nobody."""

    kind = "refused"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        reasons: Sequence[str] = (),
        may_overrule: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.reasons = tuple(reasons)
        self.may_overrule = may_overrule

    def details(self) -> Mapping[str, object]:
        return {"reasons": list(self.reasons), "may_overrule": self.may_overrule}


class Unavailable(RoadworthyError):
    """An outside thing failed. ``retry_is_safe`` is False where the request may have been carried out.

    ``asked_s``: it is there and takes no more for now (status 429, or 503 with ``Retry-After``), and asks to wait
    so many seconds; 0 where it does not say how long. None: it said no such thing.
    """

    kind = "unavailable"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_is_safe: bool,
        hint: str = "",
        asked_s: float | None = None,
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.retry_is_safe = retry_is_safe
        self.asked_s = asked_s

    def details(self) -> Mapping[str, object]:
        asked = {} if self.asked_s is None else {"asked_s": self.asked_s}
        return {"retry_is_safe": self.retry_is_safe, **asked}


class Corrupt(RoadworthyError):
    """Stored data contradict themselves. ``broken`` and ``intact`` say how far the damage reaches."""

    kind = "corrupt"

    def __init__(
        self, code: str, message: str, *, broken: Sequence[str] = (), intact: str = "", hint: str = ""
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.broken = tuple(broken)
        self.intact = intact

    def details(self) -> Mapping[str, object]:
        return {"broken": list(self.broken), "intact": self.intact}
