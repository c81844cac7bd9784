"""What does a web server send about HTTPS, over TLS, over QUIC and in plaintext?"""
