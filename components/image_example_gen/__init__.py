"""ExampleGen for a folder of images per class.

``files`` lists and fingerprints, ``check`` says whether a file can be used, ``split`` says where
it goes, ``records`` writes shards; ``executor`` and ``component`` adapt them to TFX.
"""
