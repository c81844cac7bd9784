"""What ``tlsprobe remediate --apply`` changes in AWS: one module for each service."""
