"""How one section of two Observations of one endpoint is compared; ``model.sections`` says which by which.

Only what both know counts: a fact that is unknown now, or was, has neither vanished nor appeared.
"""
