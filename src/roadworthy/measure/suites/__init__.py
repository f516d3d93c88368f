"""Suites of tests put to a target: answers, grades, and what is kept of both."""
