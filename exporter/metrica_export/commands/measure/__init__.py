"""The command `measure`: the delivered orders that Metrica tied to visits."""
