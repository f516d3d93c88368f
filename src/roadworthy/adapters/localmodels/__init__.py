"""Task models that run offline on the CPU: MiniLM embeddings, TF-IDF and logistic regression.

Importing this needs none of the packages of the extra ``local``; using it tells which is missing.
"""

from roadworthy.adapters.localmodels.classifier import DEFAULT_FEATURES, TaskModel
from roadworthy.adapters.localmodels.embedding import FINGERPRINT, MiniLM, shared_minilm

__all__ = ["DEFAULT_FEATURES", "FINGERPRINT", "MiniLM", "TaskModel", "shared_minilm"]
