"""Tables: evaluations and their results."""
