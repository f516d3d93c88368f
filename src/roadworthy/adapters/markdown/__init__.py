"""Knowledge as a folder of Markdown files: read with its front matter, and searched in memory."""

from roadworthy.adapters.markdown.articles import read_articles
from roadworthy.adapters.markdown.retriever import ArticleRetriever

__all__ = ["ArticleRetriever", "read_articles"]
