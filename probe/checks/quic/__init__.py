"""What does the server's QUIC side accept, and does it differ from TLS over TCP on the same port?"""
