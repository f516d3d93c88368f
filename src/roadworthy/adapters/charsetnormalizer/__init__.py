"""Which encoding a text is written in: charset-normalizer, asked where the bytes do not say it themselves."""

from roadworthy.adapters.charsetnormalizer.decoding import decode

__all__ = ["decode"]
