"""In place of the other services and of harnesses: small ones that keep everything in memory and speak the wire."""
