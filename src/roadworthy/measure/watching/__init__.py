"""Watching what arrives: two releases side by side, and a stream against what was usual."""
