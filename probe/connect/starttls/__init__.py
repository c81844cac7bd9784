"""How TLS begins inside other protocols: one file for each protocol, scripts of turns, no sockets.

``catalogue`` has the scripts of each protocol; names and ports are in ``model.application_protocol``. A
script ends in ``Upgraded``, or in a ``ConnectFailure`` with the reason why TLS could not begin and the
conversation as its evidence.
"""
