"""A seeded storm: load on a whole swarm while its processes are killed at random, then the books are checked."""
