"""Replies from approved templates: nothing is generated, nothing is sent anywhere."""

from roadworthy.adapters.templates.writer import TemplateWriter

__all__ = ["TemplateWriter"]
