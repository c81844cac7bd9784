"""How are the model's values written as JSON, hashed, and separated from their proofs?"""
