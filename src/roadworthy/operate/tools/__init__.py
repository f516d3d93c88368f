"""Tools and their contracts: what is promised, what was approved, what is held back, and who sets it going again."""
