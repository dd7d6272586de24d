"""The scripted model: the Messages API on loopback, served to the real Claude Code CLI.

It decides what "the model" says: a script from the conversation or from a test's queue, else the demo's small
rules for the agents scout, scribe, manager and any other. It keeps no state of record; what agents do with its
answers belongs to the harness.
"""
