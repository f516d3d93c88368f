"""Evidence is measured here: probes of data and knowledge, pilots over labelled cases, drills."""
