"""AWS, whose services have named security policies."""
