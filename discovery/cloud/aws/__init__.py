"""AWS as a source: each resource yields its targets, with claims about what AWS is configured to do at them."""
