"""Packet captures as events: flows, DNS and HTTP in ECS, for the same rules as logs."""
