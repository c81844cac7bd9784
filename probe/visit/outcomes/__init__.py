"""The outcomes of visits in protocols with an encryption of their own."""
