"""Which questions are put to a database at all. That they change nothing, the database enforces besides."""

from __future__ import annotations

import re

from roadworthy.adapters.databases.kinds import Kind

LONGEST = 200_000
_BLANK = r"(?:\s|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|/\*(?![!M]).*?\*/)*"
_QUESTION = re.compile(_BLANK + r"\(*\s*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
# What a statement for MySQL does not run. Two dashes without a blank behind them are two minus signs
# there. How texts end is settled by the mode that `Server` sets for its sessions.
_HIDDEN = re.compile(
    r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`|--(?=[\s\x00-\x1f]|$)[^\n]*|#[^\n]*|/\*(?!!|M!).*?\*/",
    re.DOTALL,
)
_MYSQL_WRITES = re.compile(
    r"\binto\b|\bprocedure\b|/\*!|/\*M!|\bfor\s+update\b|\block\s+in\s+share\b|\bfor\s+share\b",
    re.IGNORECASE,
)
# Functions that reach beyond the tables, for users who may call them; also by a quoted name, and with a
# comment before the parenthesis. Privileges are the real guard: a user who may only read.
_CALLED = r")\b[\"`]?\s*(?:\(|/\*|--|#)"
_REACHES = {
    "postgres": re.compile(
        r"u&\"|\b(?:pg_read_\w+|pg_ls_\w+|pg_stat_file|pg_logical_\w+|pg_file_\w+|lo_\w+|lowrite|loread|dblink\w*"
        r"|(?:query|table|cursor|schema|database)_to_xml\w*|pg_reload_conf|pg_terminate_backend|pg_cancel_backend"
        r"|pg_(?:try_)?advisory_\w+|pg_notify|set_config|pg_promote|pg_rotate_logfile|pg_switch_wal"
        + _CALLED,
        re.IGNORECASE,
    ),
    "mysql": re.compile(r"\b(?:load_file|get_lock|sys_exec|sys_eval" + _CALLED, re.IGNORECASE),
    "sqlite": re.compile(
        r"\b(?:load_extension|writefile|readfile|fts3_tokenizer|edit" + _CALLED, re.IGNORECASE
    ),
}


def why_not(sql: str, kind: Kind) -> str:
    """Why this is not put to the database, in a few words; empty where it may be.

    A question to MySQL in which a word such as ``into`` stands outside of quotes is refused too much
    rather than too little.
    """
    if "\0" in sql or len(sql) > LONGEST:
        return "a question has no NUL and is not that long"
    if not _QUESTION.match(sql):
        return "a question begins with `select`, `with` or `values`"
    if kind == "mysql" and _MYSQL_WRITES.search(_HIDDEN.sub(" ", sql)):
        return "a question may not write or lock, and has no `into`"
    if found := _REACHES[kind].search(sql):
        name = found[0].strip('(/*-# \t\r\n"`')
        return f"`{name}` reaches beyond the tables"
    return ""
