"""For tests of any service: a real nats-server with the real identities and permissions, and bounded waiting."""

from hive_kit.testing.kill_points import some_of
from hive_kit.testing.nats_server import TestNats, swarm_nats
from hive_kit.testing.ports import free_port
from hive_kit.testing.service_process import ServiceProcess
from hive_kit.testing.waiting import eventually

__all__ = ["ServiceProcess", "TestNats", "eventually", "free_port", "some_of", "swarm_nats"]
