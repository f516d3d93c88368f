"""The HTTP door: the API for machines, pages for people, and the process that serves both.

Nothing is imported here: a command that only renders a report needs no server.
"""
