"""Which features do hellos and handshakes agree on?"""
