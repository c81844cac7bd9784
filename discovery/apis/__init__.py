"""Which targets do web APIs know: http_sd, Prometheus, Consul, Docker?"""
