"""Looking at tables: what they are like, whether they keep their contract, what in them is wrong."""
