"""What the benchmarks share: servers to ask, peers to compare with, a proxy that delays, reports."""
