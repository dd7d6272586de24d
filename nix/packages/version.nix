# The workspace's version, from its one place.
(builtins.fromTOML (builtins.readFile ../../pyproject.toml)).project.version
