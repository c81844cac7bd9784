"""Questions and answers on one connection, sans I/O: offers out, answers in, conclusions from the pair."""
