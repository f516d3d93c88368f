"""Policies as code: their tests as files, what they would have said, and why they say it."""
