"""What ships as input: the digits, and the backbone that was pretrained on printed glyphs."""
