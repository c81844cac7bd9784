"""A Kubernetes cluster as a source."""
