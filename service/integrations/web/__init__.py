"""What remote write and notifiers share to post by HTTP: the URL, the login, and the TLS settings."""
