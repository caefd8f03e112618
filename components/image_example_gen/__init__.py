"""ExampleGen for images in any form.

``sources`` lists them, ``contents`` reads and fingerprints, ``sides`` and ``split`` say where each
goes, ``check`` whether it can be used, ``compare`` whether decoders agree on it, ``records`` writes
shards, ``report`` what became of all;
``work`` is what Beam's workers run, ``executor`` and ``component`` adapt them to TFX.
"""
