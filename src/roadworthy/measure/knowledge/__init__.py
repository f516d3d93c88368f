"""Knowledge measured: found when asked for, fresh, free of contradictions, closed to those who may not read it."""
