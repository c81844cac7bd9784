"""A million endpoints on one machine: one scheduler, one worker and PostgreSQL, against nginx on loopback addresses."""
