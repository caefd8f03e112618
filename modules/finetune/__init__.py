"""The unfreeze schedule: what is trained when, and what comes of it. Knows nothing of TFX."""
