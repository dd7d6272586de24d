"""Approvals: decisions, questions, and the configuration repositories that record what was decided.

It takes requests, shows what they would change, keeps the operator's decisions and their refs, and holds questions
until they are answered. Building and running what was approved, and which agents exist, is lifecycle's.
"""
