"""Networks of AWS: lines, tunnels and VPCs. Most of what AWS declares of them has no endpoint that a visit could ask."""
