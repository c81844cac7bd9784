"""Which sockets may be opened? This package has the one gate, and the only code that opens sockets to servers."""
