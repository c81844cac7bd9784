"""Where is something posted to by HTTP, as whom, and how? What remote writes and notifiers share."""
