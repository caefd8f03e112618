"""The folder of versions that TensorFlow Serving watches. Nothing here knows TFX.

``versions`` reads the folder. ``push`` adds a version, ``rollback`` withdraws some, ``restore``
brings one back, ``pins`` says which ones stay. All writers go through ``lock``, and write through
``disk``, so that what they write is whole.
"""
