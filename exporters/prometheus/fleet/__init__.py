"""The fleet's page: what the dashboards of a whole fleet show, in a bounded number of series for any fleet."""
