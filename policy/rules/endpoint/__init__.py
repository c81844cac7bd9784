"""Rules on the endpoint as a whole: reach, plaintext, HTTPS, drift, grade."""
