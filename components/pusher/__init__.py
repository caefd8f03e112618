"""The folder of versions that TensorFlow Serving watches, and Pusher, which writes there.

``versions`` says what is there, ``push`` adds one, ``rollback`` withdraws some, ``restore`` brings
one of these back, ``pins`` says what stays; all that write go through ``lock``, and ``disk`` makes
what they write whole. ``component`` adapts them to TFX.
"""
