"""List prices of models, from the snapshot that comes with the package genai-prices. Nothing is ever fetched.

Importing this loads nothing; the first question loads the list.
"""

from roadworthy.adapters.genaiprices.listing import Listed, ListedModel, listed, models, providers, source

__all__ = ["Listed", "ListedModel", "listed", "models", "providers", "source"]
