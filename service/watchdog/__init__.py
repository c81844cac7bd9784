"""What ends a process that stands still, and what keeps its suspects from doing it again."""
