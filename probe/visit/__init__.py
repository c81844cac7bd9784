"""One visit as a whole: runs stages of checks and returns an Observation."""
