"""The operator's page.

Decides what the page shows at one numbered moment (a projection of the broker's, approvals' and lifecycle's events
and of what the harnesses say), who may see it (login codes, sessions, origins), and whether a harness is heard.
Nothing of record lives here but sessions and login codes: every action goes to its owning service as the operator's
request, and what became of it comes back as an event.
"""
