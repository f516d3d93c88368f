"""A typed client for the API of Roadworthy."""

from roadworthy_client.errors import (
    ApiError,
    Conflict,
    Fault,
    InputProblem,
    NotFound,
    Refused,
    Unavailable,
    Unreachable,
)
from roadworthy_client.operations import Roadworthy
from roadworthy_client.sending import etag_of

__all__ = [
    "ApiError",
    "Conflict",
    "Fault",
    "InputProblem",
    "NotFound",
    "Refused",
    "Roadworthy",
    "Unavailable",
    "Unreachable",
    "etag_of",
]
