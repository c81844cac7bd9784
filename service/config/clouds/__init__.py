"""The settings about clouds: sources of targets, and what may be changed there."""
