"""A service of the tests: it writes down what it is told and says so in an event."""
