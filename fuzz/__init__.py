"""Does every parser of a peer's bytes survive arbitrary input? ``make fuzz`` runs it."""
