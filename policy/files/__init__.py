"""Policy files and the profiles that come with tlsprobe: read, extended, resolved."""
