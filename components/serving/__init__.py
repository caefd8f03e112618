"""The serving folder: versions, push, rollback, pins. Nothing here knows TFX."""
