"""What operators do on the pages: probe now, and waive findings."""
