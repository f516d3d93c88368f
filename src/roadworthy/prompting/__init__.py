"""Prompts: versioned files of a release, rendered with typed values; what others wrote stays fenced.

``messages``   turns of a conversation, and the fences around texts from outside
``slots``      the words of a prompt file and the slots in them
``chat``       prompts that a language model answers in its own words, with a head that declares variables
``classify``   prompts that it answers with a label of a closed list
"""

from roadworthy.prompting.chat import ChatPrompt
from roadworthy.prompting.classify import ClassifyPrompt, Example, read_examples
from roadworthy.prompting.messages import FENCED, Message, fenced

__all__ = [
    "FENCED",
    "ChatPrompt",
    "ClassifyPrompt",
    "Example",
    "Message",
    "fenced",
    "read_examples",
]
