"""Language models behind any server that speaks the OpenAI wire: to grade with, and to classify by a prompt.

Importing this needs no HTTP client; the first question does.
"""

from roadworthy.adapters.openai.classifier import PromptedTaskModel
from roadworthy.adapters.openai.embedding import OpenAiEmbedder
from roadworthy.adapters.openai.model import OpenAiModel

__all__ = ["OpenAiEmbedder", "OpenAiModel", "PromptedTaskModel"]
