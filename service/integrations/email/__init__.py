"""E-mail: its settings, its text, and how it goes to a submission server."""
