"""What the API offers, subject by subject: bodies, acts and one table of operations each."""
