"""The broker: inboxes, delivery and reminders.

Decides who may write to whom, stores each message before it says so, hands mail out under leases, and tells what
became of it. Only the broker writes messages and reminders. Which agents exist is lifecycle's decision; what an agent
does with its mail is its harness's.
"""
