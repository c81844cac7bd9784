"""E-mail: the settings, the text, and the delivery to a submission server."""
