"""The broker's doors: they decode requests, call a noun, encode what it says."""

from hive_broker.bus.messages import MessageDoor
from hive_broker.bus.reminders import ReminderDoor

__all__ = ["MessageDoor", "ReminderDoor"]
