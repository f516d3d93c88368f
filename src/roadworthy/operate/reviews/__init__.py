"""What waits for people: where a review goes, who has it, how its answer holds, and what becomes of it in time."""
