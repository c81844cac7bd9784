"""One visit as a whole: stages of checks in, an Observation out."""
