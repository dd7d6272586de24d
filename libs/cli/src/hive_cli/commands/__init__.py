"""The sub-commands of `hive`, by what they are about. Each imports what it needs when it runs."""
