"""A language model from a GGUF file on this machine, behind llama.cpp's own server.

Importing this needs no package; starting a server does.
"""

from roadworthy.adapters.llamacpp.server import LocalServer, check_model_file

__all__ = ["LocalServer", "check_model_file"]
