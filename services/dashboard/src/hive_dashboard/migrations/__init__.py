"""The history of the dashboard's schema."""
