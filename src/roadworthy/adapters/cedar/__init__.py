"""Policy with Cedar, in process: fails closed where Cedar alone would skip a rule that errors."""

from roadworthy.adapters.cedar.engine import CedarPolicies

__all__ = ["CedarPolicies"]
