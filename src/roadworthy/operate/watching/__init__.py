"""Watching: lineage, figures, traces, alerts and incidents, all read from what is on record."""
