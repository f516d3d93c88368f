"""The command line: translates words into verbs, and results into words or JSON."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``roadworthy``. Everything heavy is imported by the command that needs it."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from roadworthy import __version__

        print(f"roadworthy {__version__}")
        return
    from roadworthy.cli.app import run

    sys.exit(run())
