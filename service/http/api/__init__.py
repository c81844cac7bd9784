"""The HTTP API under ``/api/v1``: a table of operations, whose OpenAPI document is written from their types."""
