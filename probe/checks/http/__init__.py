"""What does a web server say of HTTPS, over TLS, over QUIC and in plaintext?"""
