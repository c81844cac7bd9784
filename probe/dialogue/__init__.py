"""Questions and answers on one connection, sans I/O: offers, answers, and conclusions from the pair."""
