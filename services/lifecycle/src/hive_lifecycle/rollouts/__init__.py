"""Agents that are rebuilt one after another: what is stored of it (`rows`), and carrying it out (`rolling_out`)."""
