"""What went wrong with a database, in our words. None of them carries a value, an address or a password."""

from __future__ import annotations

import re

from roadworthy.errors import InputProblem, NotFound, Problem, RoadworthyError, Unavailable

SHOWN = 120
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_POSTGRES_OUTAGE = re.compile("08|3D|53|57P")
_MYSQL_LOST = frozenset(
    {1040, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1317, 1927, 2002, 2003, 2005, 2006, 2013, 2014, 2055}
)
_MYSQL_SLOW = frozenset({1969, 3024})
_MYSQL_DOOR = frozenset({1044, 1045, 1049, 1698})
_MYSQL_SQL = frozenset(
    {
        1052,
        1054,
        1055,
        1060,
        1064,
        1109,
        1111,
        1140,
        1146,
        1222,
        1248,
        1305,
        1582,
        1630,
        1096,
        1051,
        1356,
        1142,
        1143,
    }
)


def shown(sql: str) -> str:
    """A question in one short line, for problems."""
    line = " ".join(sql.split())
    return f"{line[:SHOWN]}…" if len(line) > SHOWN else line


class Trouble:
    """Words for one database.

    RW-DATA-171 it cannot be reached · 172 it does not let us in · 174 the question is wrong · 175 it
    takes too long · 176 it went away in the middle · 177 it is locked · 178 it is no sound database.
    """

    def __init__(self, place: str, timeout_s: float) -> None:
        self.place = place
        self._timeout_s = timeout_s

    def unreachable(self) -> Unavailable:
        """No connection comes about; trying again is safe."""
        return Unavailable(
            "RW-DATA-171",
            f"{self.place} cannot be reached",
            retry_is_safe=True,
            hint="see that the file is there, or that the server runs and its name and port are right",
        )

    def no_entry(self) -> InputProblem:
        """The server answers and refuses."""
        problem = Problem(
            f"{self.place} does not let this user in, or has no such database",
            hint="see that user, password and database are right and that the user may read",
        )
        return InputProblem("RW-DATA-172", problem)

    def question(self, sql: str, message: str, hint: str = "", *, names_only: bool = False) -> InputProblem:
        """The question cannot be put, or not answered."""
        said = " ".join(message.split())[:300]
        if not names_only:
            said = _LITERAL.sub("`…`", said)
        problem = Problem(f"{said}, in `{shown(sql)}`" if sql else said, place=self.place, hint=hint)
        return InputProblem("RW-DATA-174", problem)

    def slow(self) -> Unavailable:
        """The time limit of one question is over."""
        return Unavailable(
            "RW-DATA-175",
            f"{self.place} did not answer within {self._timeout_s:g} s",
            retry_is_safe=True,
            hint="ask for less, allow more time, or add an index",
        )

    def gone(self) -> Unavailable:
        """It was there and is no more, in the middle of an answer."""
        return Unavailable(
            "RW-DATA-176",
            f"{self.place} went away before all rows were read",
            retry_is_safe=True,
            hint="read again; what arrived so far is not the whole table",
        )

    def locked(self) -> Unavailable:
        """Another transaction stands in the way."""
        return Unavailable(
            "RW-DATA-177",
            f"{self.place} is locked by another program",
            retry_is_safe=True,
            hint="try again; if it stays so, look for a program that keeps a transaction open",
        )

    def unsound(self, message: str, hint: str) -> InputProblem:
        """The file is none, or is damaged."""
        return InputProblem("RW-DATA-178", Problem(message, place=self.place, hint=hint))

    def missing(self, table: str, hint: str) -> NotFound:
        """There is no table of that name."""
        return NotFound("RW-DATA-173", Problem(f"there is no table `{table}`", place=self.place, hint=hint))

    # Translations: one for each driver. A foreign message is quoted only where it is about the statement.

    def of_postgres(self, fault: Exception, sql: str, *, connecting: bool) -> RoadworthyError:
        """What a fault of psycopg means."""
        state = getattr(fault, "sqlstate", None) or ""
        diagnosis = getattr(fault, "diag", None)
        message = getattr(diagnosis, "message_primary", "") or ""
        if connecting:
            # Refused passwords come without a state: the text is all there is.
            said = str(fault)
            refused = state.startswith(("28", "3D", "42501")) or "authentication failed" in said
            if refused or ("database" in said and "does not exist" in said) or "role" in said:
                return self.no_entry()
            return self.unreachable()
        if state == "57014":
            return self.slow()
        if state in {"40001", "40P01", "55P03"}:
            return self.locked()
        if _POSTGRES_OUTAGE.match(state) or (
            not state and type(fault).__name__ in {"OperationalError", "InterfaceError"}
        ):
            return self.gone()
        if state == "25006":
            return self.question(sql, "a question may not write")
        if state.startswith("42") or state == "26000":
            return self.question(sql, message)
        return self.question(sql, "this question fails on a value")

    def of_mysql(self, fault: Exception, sql: str, *, connecting: bool) -> RoadworthyError:
        """What a fault of pymysql means."""
        number = fault.args[0] if fault.args and isinstance(fault.args[0], int) else 0
        if number in _MYSQL_DOOR or (connecting and number in {1130, 1129, 2054, 2059}):
            return self.no_entry()
        if connecting:
            return self.unreachable()
        if number in _MYSQL_SLOW:
            return self.slow()
        if number in {1205, 1213}:
            return self.locked()
        if number in _MYSQL_LOST or number == 0:
            return self.gone()
        if number in {1792, 1290}:
            return self.question(sql, "a question may not write")
        if number in _MYSQL_SQL:
            # These two quote names only; others quote the statement, and with it values.
            return self.question(sql, str(fault.args[1]), names_only=number in {1054, 1146})
        return self.question(sql, "this question fails on a value")

    def of_sqlite(self, fault: Exception, sql: str, *, connecting: bool) -> RoadworthyError:
        """What a fault of sqlite3 means."""
        name = str(getattr(fault, "sqlite_errorname", ""))
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return self.locked()
        if name == "SQLITE_INTERRUPT":
            return self.slow()
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            return self.unsound("this is no sound SQLite database", "restore it from a backup")
        if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")) or connecting:
            return self.unreachable() if connecting else self.gone()
        if name.startswith("SQLITE_READONLY"):
            return self.question(sql, "a question may not write")
        if "one statement at a time" in str(fault):
            return self.question(sql, "this is more than one statement")
        if name == "SQLITE_ERROR":
            return self.question(sql, str(fault))
        return self.question(sql, "this question fails on a value")
