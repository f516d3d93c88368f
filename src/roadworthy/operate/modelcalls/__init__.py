"""Calls to models through the gateway: who may make them, what they cost, and what becomes of them."""
