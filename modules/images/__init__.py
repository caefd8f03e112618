"""From the bytes of a file to the batches that train."""
