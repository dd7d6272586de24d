"""Lifecycle: which agents there are, what runs, and every action on them.

Decides names, ports, users, folders and credentials of agents, starts and stops them through a runtime, deploys
approved configurations and rolls back those that an agent does not come up with, carries each action through a crash
of its own, and brings back what went away by itself. What an agent does with its turns
is its harness's; its mail is the broker's; its configuration repositories are approvals'.
"""
