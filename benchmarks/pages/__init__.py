"""The pages of a large fleet, as 20 users at once and a slow browser get them."""
