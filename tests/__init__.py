"""What crosses services: contract, end-to-end, chaos, benchmark and browser tests, and the generated files."""
