"""Where the model runs: workers, the cache of photos, progress, and what happens without memory."""
