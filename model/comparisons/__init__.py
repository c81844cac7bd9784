"""How does each section of two Observations of one endpoint differ? ``model.sections`` has the table.

Only facts that both Observations know are compared: a fact that is unknown in one of them has neither
vanished nor appeared.
"""
