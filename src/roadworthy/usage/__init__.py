"""What a call to a model uses, what that costs, and what it may cost: tokens, prices, calls, budgets."""

from roadworthy.usage.budget import Ask, Grant, Level, Node, Refusal, answers, chunk, path_of
from roadworthy.usage.call import Call, Ending, Wire, case_reference
from roadworthy.usage.price import Price
from roadworthy.usage.tokens import Tokens
from roadworthy.usage.told import tokens_told

__all__ = [
    "Ask",
    "Call",
    "Ending",
    "Grant",
    "Level",
    "Node",
    "Price",
    "Refusal",
    "Tokens",
    "Wire",
    "answers",
    "case_reference",
    "chunk",
    "path_of",
    "tokens_told",
]
