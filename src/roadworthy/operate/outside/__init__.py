"""Agents that run elsewhere: what they call stands under the same rules as what a workflow asks for."""
