"""Commands about the command line itself: help, completion."""
