"""AWS services that have named security policies."""
