"""The mart rows that differ from the delivered ones."""
