"""Pages for people: the inventory at ``/``, and all facts of one target at ``/endpoint``."""
