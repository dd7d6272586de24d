"""Approvals: decisions and the configuration repositories that record them.

So far it makes each agent's two repositories from the template and records the spawns that the operator made
without an approval. Only approvals writes applied repositories; which agents exist is lifecycle's decision.
"""
