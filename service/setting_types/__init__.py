"""Types that several settings share: times, ports, addresses and secrets. They know no particular setting."""
