"""The composition root: the commands, the daemon, its settings, and the wiring of the layers."""
