"""What is kept of destroyed agents: which there are (`rows`), what lies there (`measuring`), and its removal
(`keeping`). Making an agent of one again is an approved spawn like any other.
"""
