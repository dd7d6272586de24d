"""The version of this hyperhive."""

from importlib.metadata import version

VERSION = version("hive-kit")
