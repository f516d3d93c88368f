"""What people and machines ask for: take in, run, review, roll out, stop, explain."""
