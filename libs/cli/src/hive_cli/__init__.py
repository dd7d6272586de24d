"""The `hive` command: a swarm's operator at a terminal, and the supervisor that runs a swarm on one machine.

It decides nothing about agents or messages; it asks the services over NATS with the operator's credentials."""
