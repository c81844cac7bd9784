"""Which TLS endpoints does a Kubernetes cluster have?"""
