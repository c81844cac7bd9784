"""How is each integration configured, what does it say, and how is that sent? One file or folder an integration.

A notifier is a row of ``catalogue.NOTIFIERS``. Nothing here knows the service that runs it (``service.delivery``).
"""
