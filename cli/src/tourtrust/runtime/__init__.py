"""The embedded runtime: PostgreSQL and NATS from pip wheels, and the applications, as watched children."""
