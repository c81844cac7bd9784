"""How TLS begins inside other protocols: one file each, scripts of turns, no sockets.

``catalogue`` has the scripts of each protocol; names and ports are in ``model.application_protocol``. A script ends
in ``Upgraded``, or in a ``ConnectFailure`` that says why TLS could not be asked, with the conversation as its
evidence.
"""
