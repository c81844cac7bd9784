"""How many round trips and connections does a visit need? Counted in a network whose only cost is the round trip."""
