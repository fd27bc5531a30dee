"""Many files in one go: what to do, doing it here, on a server, or on a Ray cluster."""
