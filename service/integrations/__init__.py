"""How each integration is configured, what it sends, and how. Each integration is one file or folder.

A notifier is a row of ``catalogue.NOTIFIERS``. No module here knows the service that runs it (``service.delivery``).
"""
