"""Knowledge in use: kept in an index, found for a question, forgotten when asked to."""
