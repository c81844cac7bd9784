"""What do hellos and handshakes agree to?"""
