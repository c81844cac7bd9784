"""What do the Grafana dashboards show? ``python -m scripts.dashboards`` writes deploy/grafana/dashboards."""
