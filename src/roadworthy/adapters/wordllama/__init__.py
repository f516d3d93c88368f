"""Embeddings without a network to run: an average of word vectors, from the weights of the package `wordllama`."""

from roadworthy.adapters.wordllama.embedding import WordLlama, shared_wordllama

__all__ = ["WordLlama", "shared_wordllama"]
