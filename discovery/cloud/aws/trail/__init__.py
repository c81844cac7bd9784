"""Who caused a Change of an endpoint: what CloudTrail records of its resource."""
