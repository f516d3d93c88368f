"""Tables: spot checks."""
