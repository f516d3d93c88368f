"""Whether a use case is worth it: its KPI on a schedule, the hold-out that shows the cause, the value month by month."""
