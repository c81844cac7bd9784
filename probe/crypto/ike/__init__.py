"""Conversations with an IKE responder, and the public values for its key exchange."""
