"""The page over HTTP: security first, then doors that call the services as the operator, the stream, the files."""
