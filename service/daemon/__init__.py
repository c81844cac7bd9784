"""The service as a process: which parts does it have, and what do they do from its start to its end?

``build`` puts the parts together, ``run`` runs them, ``reload`` puts another configuration in force, ``status`` says how
they are. What changes meanwhile is in ``state``.
"""
