"""The JSON of the model, its digests, and its proofs apart from it."""
