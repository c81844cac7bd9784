"""XMPP and IRC."""
