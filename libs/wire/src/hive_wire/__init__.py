"""What goes over NATS between hyperhive's parts: models, verbs, events, subjects, roles, error codes.

Each request, event and live event is declared here once; permissions, role checks, typed calls, the
reference pages and the page's types are derived from the declaration. Knows pydantic and nothing else.
"""
