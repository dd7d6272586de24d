"""Plumbing that every hyperhive service shares, knowing none of them.

The bus, the database with its outbox, the event tail, settings, logs, metrics and the service host.
"""
