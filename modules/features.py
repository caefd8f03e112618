"""The one home of feature keys, split names and signature names."""

# What an Example holds. The image travels as the bytes that the file held, never as pixels.
IMAGE_BYTES = "image_bytes"
LABEL = "label"  # the class's name, any Unicode text
PATH = "path"  # relative to the data's folder, for people
# Facts about the image, for StatisticsGen, ExampleValidator and drift checks.
WIDTH = "width"  # pixels, as stored (before EXIF rotation)
HEIGHT = "height"  # pixels
CHANNELS = "channels"  # 1 grey, 2 grey with alpha, 3 RGB, 4 RGB with alpha or CMYK
BYTES = "bytes"  # the file's size
BRIGHTNESS = "brightness"  # mean luma in [0, 1]
FORMAT = "format"  # JPEG, PNG, GIF or BMP
IMAGE_FACTS = (WIDTH, HEIGHT, CHANNELS, BYTES, BRIGHTNESS, FORMAT)

# What Transform adds: the label's place among the sorted labels, int64.
LABEL_INDEX = "label_index"
# The asset of the transform graph that lists the labels, sorted, a line each.
LABELS_ASSET = "labels"

# The three splits. No training and no choice between stages sees TEST.
TRAIN = "train"
VALIDATION = "validation"
TEST = "test"
SPLITS = (TRAIN, VALIDATION, TEST)
# Images of earlier data, where the config names some: measured, never trained on.
EARLIER = "earlier"

# Signatures of the exported model, their inputs and outputs.
SERVE_IMAGES = "serving_default"  # image_bytes: string [batch]
SERVE_EXAMPLES = "serving_examples"  # examples: string [batch], serialized tf.Examples
SERVE_PIXELS = "serving_pixels"  # pixels: uint8 [batch, height, width, 3]
TRANSFORM_LABELS = "transform_labels"  # examples: string [batch]
EXAMPLES = "examples"
PIXELS = "pixels"
SCORES = "scores"  # float32 [batch, classes], each row sums to 1
# The serving signature's other output is LABEL: the name of the class of the highest score.
