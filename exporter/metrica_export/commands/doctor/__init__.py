"""The doctor: examines everything that a run depends on."""
