"""Changes that a run is about to make in Metrica, and the limits on them."""
