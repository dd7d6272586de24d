"""The local supervisor behind `hive up` and `hive demo`: starts a swarm's processes, keeps them up, stops them.

It knows processes, readiness and order, nothing of what the services do. On a server, systemd has this part."""
