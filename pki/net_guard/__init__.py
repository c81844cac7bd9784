"""Which sockets may be opened at all: the one gate, and the only code that opens sockets to what is probed or fetched."""
