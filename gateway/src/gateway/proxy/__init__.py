"""The streaming reverse proxy: pure ASGI, because it stands in the way of every request."""
