"""The page of one endpoint: its parts, each a pure function of the newest Observation."""
