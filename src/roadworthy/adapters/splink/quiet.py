"""Keeps Splink's own talk off the user's screen."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within, Splink logs nothing and warns of nothing; its logger is as before afterwards.

    What its warnings say (a level that was not seen, a rule that found nothing) is told as findings.
    """
    logger = logging.getLogger("splink")
    before, disabled = logger.level, logger.disabled
    logger.setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(before)
            logger.disabled = disabled
