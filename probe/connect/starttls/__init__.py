"""How TLS begins inside other protocols: one file each, scripts of turns, no sockets.

``catalogue`` has all protocols with their ports. A script ends in ``Upgraded``, or in a
``ConnectFailure`` that says why TLS could not be asked, with the conversation as its evidence.
"""
