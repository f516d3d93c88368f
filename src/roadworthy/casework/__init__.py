"""Cases: what happens to one unit of business work, as values and state machines."""
