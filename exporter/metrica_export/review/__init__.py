"""The impact of a planned run, its limits, the saved plan and the drift of order statuses."""
