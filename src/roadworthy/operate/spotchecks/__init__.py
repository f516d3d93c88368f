"""Spot checks: people look at a part of what left without them, and what they find moves the trust in it."""
