"""``python -m roadworthy`` is ``roadworthy``."""

from roadworthy.cli import main

main()
