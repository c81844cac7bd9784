"""The pages' templates, which jinja2 reads from here."""
