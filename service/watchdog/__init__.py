"""Ends a process that hangs, and prevents the suspected endpoints from causing it again."""
