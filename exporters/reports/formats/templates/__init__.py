"""The HTML reports' templates, which jinja2 reads from here."""
