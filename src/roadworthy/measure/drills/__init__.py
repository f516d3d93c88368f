"""Drills: rehearsals on a mirrored environment that leave measurements for the gate."""
