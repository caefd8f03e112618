"""ExampleGen for images in any form.

``sources`` lists the images. ``io`` and ``digests`` read them, and ``listing_file`` keeps what was
read for the next run. ``split_assignment`` and ``hash_split`` give each image its split, and
``span_splits`` keeps those of earlier spans; ``check`` says whether an image can be used, and
``compare`` whether decoders agree on it. ``records`` writes the shards, and ``report`` what became
of every image. ``beam_worker`` runs on Beam's workers; ``component`` and ``executor`` adapt all of
this to TFX.
"""
