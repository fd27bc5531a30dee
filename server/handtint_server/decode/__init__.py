"""Foreign bytes to photos, hints and colour spaces, checked before any work."""
