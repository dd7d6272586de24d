"""Everything in the repository that is derived: reference pages, schema snapshot, the page's types, coverage."""
