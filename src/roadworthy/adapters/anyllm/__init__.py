"""Models behind a provider's own wire (Anthropic, Bedrock, Vertex and others), through the library any-llm.

Importing this needs no library; ``AnyLlmUpstream`` does. What was found in its source (1.40): no telemetry
and no download; it reads the environment for a key or base address that it is not given, and some of the
SDKs below it read more (``ANTHROPIC_CUSTOM_HEADERS``, the credential chain of AWS and Google).
"""

from roadworthy.adapters.anyllm.upstream import AnyLlmUpstream

__all__ = ["AnyLlmUpstream"]
